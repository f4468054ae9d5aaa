import type { ActivityOptions } from '@temporalio/workflow';

/** The time-out of one attempt, in ms. A killed worker costs this and its sticky time-out. */
export const ATTEMPT_MS = 5_000;
/** A round of attempts; when all fail, the step is stuck. */
export const ATTEMPTS_PER_ROUND = 8;

const FORWARD_FOR_MS = 10 * 60_000;
const FIRST_INTERVAL_MS = 200;
const MAX_INTERVAL_MS = 5_000;
/** The attempts of one activity of a forward step. After them the workflow measures how long they took. */
const FORWARD_ATTEMPTS = 12;
/** The time to hand over an attempt to a worker, and for pauses that are up to a fifth longer. */
const HANDOVER_MS = 2_000;

/** What a failed activity used up. */
export interface Spent {
  /** From its start to its failure, in workflow time. Absent when it waited for the end of an outage. */
  readonly elapsedMs?: number;
  /** The failed attempts, without those that an outage ended. */
  readonly attempts: number;
  /** An upper bound of the attempts, where their number is unknown. */
  readonly atMost?: number;
}

/** Limits how often or how long a phase is tried. Only attempts that ran and the pauses between them count. */
export interface Budget {
  /** The retry policy of the phase's next activity; `undefined` when the budget is used up. */
  next(): ActivityOptions['retry'] | undefined;
  /** Subtracts what an activity used up. */
  spend(spent: Spent): void;
}

/** Eight attempts, for a phase that must succeed. After them the step is stuck. */
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
 * A time limit, for a step that may fail. Defaults to 10 minutes. Temporal's schedule-to-close time-out would also count
 * the time without a worker or server. So a step runs as a sequence of activities with a few attempts each. An
 * activity that took longer than its attempts can take counts only their pauses.
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

/** The sum of the pauses between the attempts of one activity, whose interval doubles. */
function pausesOf(attempts: number, firstMs: number, maxMs: number): number {
  let sum = 0;
  for (let pause = 0; pause < attempts - 1; pause += 1) sum += Math.min(firstMs * 2 ** pause, maxMs);
  return sum;
}

/** One activity that the server retries at this interval without end, until an outage ends it. */
export function createPatience(interval: '5 minutes'): Budget {
  let isSpent = false;
  return {
    next: () => (isSpent ? undefined : { initialInterval: interval, backoffCoefficient: 1 }),
    spend({ attempts }) {
      isSpent ||= attempts > 0;
    },
  };
}
