import { setTimeout as delay } from 'node:timers/promises';

export interface EventuallyOptions {
  readonly deadlineMs: number;
  /** Between two looks. Defaults to 50 ms. */
  readonly everyMs?: number;
}

/**
 * Looks again until looking no longer throws.
 * @returns what the look that succeeded returned
 * @throws what the last look threw, once the deadline has passed
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

/** Throws unless it holds, for {@link eventually}. */
export function must(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Error(otherwise);
}
