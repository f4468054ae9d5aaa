import { setTimeout as delay } from 'node:timers/promises';
import { msToNumber, type StringValue } from '@temporalio/common/lib/time';
import { z } from 'zod';

export interface Backoff {
  /** How long to wait now, in ms; longer each time. */
  next(): number;
  /** It works again. */
  reset(): void;
}

export interface BackoffOptions {
  readonly initialMs: number;
  readonly maxMs: number;
  /** 0 up to 1. */
  readonly random?: () => number;
}

/**
 * Doubles from `initialMs` to `maxMs`, each wait somewhere in its upper half, so that processes which
 * failed together do not come back together.
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

/** Waits that long, or until the signal aborts; never throws. */
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
 * Waits for the work that long at most. The work itself goes on; its late end is ignored.
 *
 * @throws what `late` makes, when it takes longer
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

/** The time as RFC 3339 in UTC, to the millisecond. Never used to order anything. */
export type Clock = () => string;

let source = (): number => Date.now();

/** Milliseconds since 1970, by the clock of this process, or by the one it follows. */
export const nowMs = (): number => source();

/** The clock that {@link nowMs} reads. */
export const systemClock: Clock = () => new Date(nowMs()).toISOString();

/** Makes the whole process read another clock. */
export function followClock(other: () => number): void {
  source = other;
}

/** A length of time, in ms, and as it was written. */
export interface Duration {
  readonly text: string;
  readonly ms: number;
}

/** `30 days`, `1.5h`, `90s`, or a number of ms, as Temporal reads durations; kept as it was said, too. */
export const duration = (minMs: number, maxMs: number) =>
  z.string().transform((text, context): Duration => {
    const ms = parseDuration(text);
    if (ms >= minMs && ms <= maxMs) return { text, ms };
    const message = `must be a duration such as \`30 days\` or \`90s\`, from ${minMs} to ${maxMs} ms`;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });

function parseDuration(text: string): number {
  try {
    return Math.round(msToNumber(text as StringValue));
  } catch {
    return Number.NaN;
  }
}
