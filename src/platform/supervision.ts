/**
 * What a program that starts the API, worker or consumer needs to know: exit codes, and a header that identifies a process.
 */

/** The exit codes. Only after `failed` can another start with the same environment help. */
export const exitCodes = {
  ended: 0,
  failed: 1,
  /** The environment is wrong. The process has printed every error. */
  configuration: 2,
  /** Another program listens on the port. The process has printed which port. */
  addressTaken: 3,
} as const;

/** Header of the health routes. Its value is `PAYSAGA_INSTANCE_ID`; absent where that variable is not set. */
export const INSTANCE_HEADER = 'x-paysaga-instance';
