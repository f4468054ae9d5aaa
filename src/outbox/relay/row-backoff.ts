/** How long a row waits for its second attempt, without jitter. */
const FIRST_MS = 1_000;
/** The longest wait of a row, however often it has failed. */
const LONGEST_MS = 3_600_000;

/** What the wait of a failed row depends on. */
export interface RowBackoff {
  /** Failed attempts before this one. */
  readonly attempts: number;
  readonly multiplier: number;
  /** From 0 up to 1. */
  readonly random: () => number;
}

/**
 * Returns how long a failed row waits for its next attempt, in ms. The wait grows by the multiplier with each attempt
 * and lies in its upper half at random, so that rows of one batch do not come again together.
 */
export function rowBackoff({ attempts, multiplier, random }: RowBackoff): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * multiplier ** attempts);
  return Math.round(ceiling / 2 + (random() * ceiling) / 2);
}
