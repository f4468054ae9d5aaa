import { setTimeout as delay } from 'node:timers/promises';

/** The options of {@link eventually}. */
export interface EventuallyOptions {
  readonly deadlineMs: number;
  /** The time between two attempts, in ms. Defaults to 50. */
  readonly everyMs?: number;
}

/**
 * Repeats an attempt until it no longer throws.
 * @returns the result of the attempt that succeeded
 * @throws the last attempt's error, after the deadline
 */
export async function eventually<T>(
  look: () => T | Promise<T>,
  { deadlineMs, everyMs = 50 }: EventuallyOptions,
): Promise<T> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    try {
      return await look();
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await delay(everyMs);
  }
}

/** Throws an error with the message `otherwise` if the condition is false, for {@link eventually}. */
export function must(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Error(otherwise);
}
