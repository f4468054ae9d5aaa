import type { ActivityOptions } from '@temporalio/workflow';

/** One attempt. With the stickiness to its worker, this is what a killed worker costs. */
export const ATTEMPT_MS = 5_000;
export const ATTEMPTS_PER_ROUND = 8;

const FORWARD_FOR_MS = 10 * 60_000;
const FIRST_INTERVAL_MS = 200;
const MAX_INTERVAL_MS = 5_000;
/** Of one activity of a step on its way forward: after them, the workflow looks how long they took. */
const FORWARD_ATTEMPTS = 12;
/** What the server and its workers need to hand over an attempt, and the fifth by which pauses may be longer. */
const HANDOVER_MS = 2_000;

/** What happened to an activity that failed. */
export interface Spent {
  /** From its beginning to its failure, as the workflow saw it; absent when it waited for the end of an outage. */
  readonly elapsedMs?: number;
  /** Attempts that ran and failed, those that an outage ended left out. */
  readonly attempts: number;
  /** Of those it may have had, where nobody knows how many ran. */
  readonly atMost?: number;
}

/** How often or how long an act is tried. Only attempts that ran, and the pauses between them, use it up. */
export interface Budget {
  /** How the next activity of the act is retried; `undefined` when everything is used up. */
  next(): ActivityOptions['retry'] | undefined;
  spend(spent: Spent): void;
}

/** Eight attempts, for what must succeed: then an operator is told. */
export function createRound(maxIntervalMs: number): Budget {
  let left = ATTEMPTS_PER_ROUND;
  return {
    next: () =>
      left > 0
        ? { initialInterval: FIRST_INTERVAL_MS, maximumInterval: maxIntervalMs, maximumAttempts: left }
        : undefined,
    spend({ attempts }) {
      left -= attempts;
    },
  };
}

/**
 * Ten minutes by default, for what may fail. The server's own limit would go on counting while no worker and no server
 * is there. So a step is tried by one activity after the other, each of some attempts; one that took longer than its
 * attempts can take counts only their pauses.
 */
export function createForwardTime(limitMs: number = FORWARD_FOR_MS): Budget {
  let leftMs = limitMs;
  let firstIntervalMs = FIRST_INTERVAL_MS;
  const maxIntervalMs = Math.min(MAX_INTERVAL_MS, limitMs / FORWARD_ATTEMPTS);
  return {
    next: () =>
      leftMs < maxIntervalMs
        ? undefined
        : {
            initialInterval: firstIntervalMs,
            maximumInterval: maxIntervalMs,
            maximumAttempts: Math.min(FORWARD_ATTEMPTS, 1 + Math.floor(leftMs / maxIntervalMs)),
          },
    spend({ elapsedMs, attempts, atMost = attempts }) {
      const pausesMs = elapsedMs === undefined ? maxIntervalMs : pausesOf(attempts, firstIntervalMs, maxIntervalMs);
      const longestMs =
        pausesOf(atMost, firstIntervalMs, maxIntervalMs) + Math.max(atMost, 1) * (ATTEMPT_MS + HANDOVER_MS);
      leftMs -= elapsedMs !== undefined && elapsedMs <= longestMs ? elapsedMs : pausesMs;
      firstIntervalMs = maxIntervalMs;
    },
  };
}

/** Between so many attempts of one activity, whose interval doubles. */
function pausesOf(attempts: number, firstMs: number, maxMs: number): number {
  let sum = 0;
  for (let pause = 0; pause < attempts - 1; pause += 1) sum += Math.min(firstMs * 2 ** pause, maxMs);
  return sum;
}

/** One activity that the server tries at this interval, without end: until an outage ends it. */
export function createPatience(interval: '5 minutes'): Budget {
  let isSpent = false;
  return {
    next: () => (isSpent ? undefined : { initialInterval: interval, backoffCoefficient: 1 }),
    spend({ attempts }) {
      isSpent ||= attempts > 0;
    },
  };
}
