/**
 * What a program that starts the API, worker or consumer needs to know: exit codes, and a header that identifies a
 * process.
 */

/** The exit codes of the processes. Only after `failed` can another start with the same environment succeed. */
export const exitCodes = {
  ended: 0,
  failed: 1,
  /** The environment is wrong. The process has printed every error. */
  configuration: 2,
  /** Another program listens on the port. The process has printed which port. */
  addressTaken: 3,
} as const;

/** The header of the health routes with the value of `PAYSAGA_INSTANCE_ID`. Absent where that variable is not set. */
export const INSTANCE_HEADER = 'x-paysaga-instance';
