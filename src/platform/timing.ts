import { setTimeout as delay } from 'node:timers/promises';

/** The waits between attempts. */
export interface Backoff {
  /** Returns the next wait in ms. Waits grow up to `maxMs`. */
  next(): number;
  /** Starts again from the shortest wait, after a success. */
  reset(): void;
}

/** The options of {@link createBackoff}. */
export interface BackoffOptions {
  readonly initialMs: number;
  readonly maxMs: number;
  /** Returns a number from 0 up to 1. Defaults to `Math.random`. */
  readonly random?: () => number;
}

/**
 * Creates a backoff that doubles from `initialMs` to `maxMs`. Each wait is random in the upper half of its range, so
 * that processes that failed together do not retry together.
 */
export function createBackoff({ initialMs, maxMs, random = Math.random }: BackoffOptions): Backoff {
  let ceiling = initialMs;
  return {
    next() {
      const wait = ceiling / 2 + (random() * ceiling) / 2;
      ceiling = Math.min(maxMs, ceiling * 2);
      return Math.round(wait);
    },
    reset() {
      ceiling = initialMs;
    },
  };
}

/** Waits for `ms` milliseconds, or until the signal aborts. Never rejects. */
export async function wait(ms: number, signal?: AbortSignal): Promise<void> {
  await delay(ms, undefined, signal ? { signal } : {}).catch(() => undefined);
}

/** Whether the work resolves. Its error is ignored. */
export const succeeds = (work: Promise<unknown>): Promise<boolean> =>
  work.then(
    () => true,
    () => false,
  );

/**
 * Waits for the work at most `ms` milliseconds. The work itself goes on, and its late result is ignored.
 *
 * @throws the error that `late` returns, after that time
 */
export async function within<T>(ms: number, work: Promise<T>, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), ms);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** Returns the time as RFC 3339 in UTC, to the millisecond. It must not order anything. */
export type Clock = () => string;

let source = (): number => Date.now();

/** Milliseconds since 1970, by the clock of this process or by the clock that it follows. */
export const nowMs = (): number => source();

/** The clock of {@link nowMs}. */
export const systemClock: Clock = () => new Date(nowMs()).toISOString();

/** Makes the whole process use another clock. */
export function followClock(other: () => number): void {
  source = other;
}
