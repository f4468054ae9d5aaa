import { randomUUID } from 'node:crypto';
import type { Queryable } from '../../platform/database/queryable';
import type { Logger } from '../../platform/telemetry/logger';
import { wait } from '../../platform/wait';
import { writeStalls } from './stalls.sql';

/** The stalls of one consumer, by place: `topic/partition`, or '' for the whole group. */
export interface Stalls {
  /** Reports a stall. */
  set(place: string, reason: string): void;
  /** Withdraws a stall. */
  clear(place: string): void;
  /** Withdraws the stalls of all partitions, after a rebalance of the group. */
  clearPartitions(): void;
}

/** What the report of stalls needs. */
export interface StallsOptions {
  readonly database: Queryable;
  readonly group: string;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

const INTERVAL_MS = 1_000;

/**
 * Writes the stalls of this consumer for `/health` of the API until the signal aborts, then withdraws them. Sends no
 * query while nothing is stalled. The rows of a killed process expire after 10 s.
 *
 * @returns the stalls to report, and a promise that resolves after the last write
 */
export function reportStalls({ database, group, logger, signal }: StallsOptions): {
  stalls: Stalls;
  ended: Promise<void>;
} {
  const process = randomUUID();
  const reasons = new Map<string, string>();
  /** Whether the database may have rows of this process. */
  let isReported = false;

  const write = async (): Promise<void> => {
    if (reasons.size === 0 && !isReported) return;
    const now = [...reasons].map(([place, reason]) => ({ place, reason }));
    // Set before the write is known to have succeeded, so that the next round corrects it.
    isReported = true;
    await writeStalls(database, { group, process, stalls: now }).then(
      () => void (isReported = now.length > 0),
      (error: unknown) => logger.debug({ err: error, group }, 'consumer.report_delayed'),
    );
  };

  const report = async (): Promise<void> => {
    while (!signal.aborted) {
      await write();
      await wait(INTERVAL_MS, signal);
    }
    reasons.clear();
    await write();
  };

  return {
    stalls: {
      set: (place, reason) => void reasons.set(place, reason),
      clear: (place) => void reasons.delete(place),
      clearPartitions() {
        for (const place of [...reasons.keys()]) if (place !== '') reasons.delete(place);
      },
    },
    ended: report(),
  };
}
