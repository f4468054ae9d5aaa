import { randomUUID } from 'node:crypto';
import type { Queryable } from '../../platform/database/queryable';
import type { Logger } from '../../platform/telemetry/logger';
import { wait } from '../../platform/wait';
import { writeStalls } from './stalls.sql';

/** What does not move in one consumer, by its place: `topic/partition`, or '' for the whole group. */
export interface Stalls {
  set(place: string, reason: string): void;
  clear(place: string): void;
  /** Clears all places but the whole group: what its partitions are is known anew. */
  clearPartitions(): void;
}

export interface StallsOptions {
  readonly database: Queryable;
  readonly group: string;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

const INTERVAL_MS = 1_000;

/**
 * Tells the API's `/health`, until the signal aborts, what of this consumer does not move; then takes it back. Asks
 * nothing of Postgres while all moves. A process that is killed is forgotten after ten seconds.
 *
 * @returns the stalls to report, and a promise that resolves after the last report
 */
export function reportStalls({ database, group, logger, signal }: StallsOptions): {
  stalls: Stalls;
  ended: Promise<void>;
} {
  const process = randomUUID();
  const reasons = new Map<string, string>();
  let told = false;

  const tell = async (): Promise<void> => {
    if (reasons.size === 0 && !told) return;
    const now = [...reasons].map(([place, reason]) => ({ place, reason }));
    // Noted before it is known whether the write came through: then the next round takes it back.
    told = true;
    await writeStalls(database, { group, process, stalls: now }).then(
      () => void (told = now.length > 0),
      (error: unknown) => logger.debug({ err: error, group }, 'consumer.report_delayed'),
    );
  };

  const report = async (): Promise<void> => {
    while (!signal.aborted) {
      await tell();
      await wait(INTERVAL_MS, signal);
    }
    reasons.clear();
    await tell();
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
