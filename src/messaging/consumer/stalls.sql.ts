import type { Queryable } from '../../platform/database/queryable';

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
