import { randomUUID } from 'node:crypto';
import type { Queryable } from '../platform/database/statements';
import type { Logger } from '../platform/logger';
import { wait } from '../platform/timing';

/** A process that has not refreshed its rows for this long counts as gone. */
const GONE_AFTER_MS = 10_000;

/** All stalls of one process and group. */
export interface StallReport {
  readonly group: string;
  readonly process: string;
  readonly stalls: readonly { readonly place: string; readonly reason: string }[];
}

/** Replaces this process's rows of the group, and deletes those of processes that are gone. By the database's clock. */
export async function writeStalls(database: Queryable, { group, process, stalls }: StallReport): Promise<void> {
  await database.$executeRawUnsafe(
    `WITH mine AS (SELECT * FROM unnest($3::text[], $4::text[]) AS stall (place, reason)),
     written AS (
       INSERT INTO stalled_consumer (consumer_group, place, process, reason, seen_at)
       SELECT $1, place, $2, reason, now() FROM mine
       ON CONFLICT (consumer_group, place, process) DO UPDATE
       SET reason = excluded.reason, seen_at = excluded.seen_at)
     DELETE FROM stalled_consumer
     WHERE (consumer_group = $1 AND process = $2 AND place NOT IN (SELECT place FROM mine))
        OR (process <> $2 AND seen_at < now() - $5 * interval '1 millisecond')`,
    group,
    process,
    stalls.map(({ place }) => place),
    stalls.map(({ reason }) => reason),
    GONE_AFTER_MS,
  );
}

/** A stalled partition or group. */
export interface StalledConsumer {
  readonly consumer_group: string;
  /** `topic/partition`; '' for the whole group. */
  readonly place: string;
  readonly reason: string;
}

/** Returns the stalls that any running process reports. */
export async function readStalledConsumers(database: Queryable): Promise<readonly StalledConsumer[]> {
  return database.$queryRawUnsafe<StalledConsumer[]>(
    `SELECT consumer_group, place, min(reason) AS reason FROM stalled_consumer
     WHERE seen_at >= now() - $1 * interval '1 millisecond'
     GROUP BY consumer_group, place ORDER BY consumer_group, place`,
    GONE_AFTER_MS,
  );
}

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
