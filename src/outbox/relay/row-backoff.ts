/** How long a row waits for its second attempt, without jitter. */
const FIRST_MS = 1_000;
/** However often it failed: an interval that Postgres can hold, and an operator can live to see. */
const LONGEST_MS = 3_600_000;

export interface RowBackoff {
  /** Failed attempts before this one. */
  readonly attempts: number;
  readonly multiplier: number;
  /** 0 up to 1. */
  readonly random: () => number;
}

/**
 * How long a row that failed waits for its next attempt, in ms: the multiple for each attempt, somewhere in
 * its upper half, so that rows that failed in one batch do not fail in one batch again.
 */
export function rowBackoff({ attempts, multiplier, random }: RowBackoff): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * multiplier ** attempts);
  return Math.round(ceiling / 2 + (random() * ceiling) / 2);
}
