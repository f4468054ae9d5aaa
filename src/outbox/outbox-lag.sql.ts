import type { Queryable } from '../platform/database/queryable';

/** How far the outbox lags behind. */
export interface OutboxLag {
  /** Age of the oldest event that was never published; 0 without one. */
  readonly oldestSeconds: number;
  /** Dead letters. */
  readonly parked: number;
}

/**
 * Reads the lag with two index look-ups, however long the backlog is. By `num_nonnulls`, neither parked nor a replay,
 * Postgres expects to find a row soon and walks the primary key instead of sorting the backlog.
 */
export async function readOutboxLag(database: Queryable): Promise<OutboxLag> {
  const [row] = await database.$queryRawUnsafe<{ oldest: number | null; parked: number }[]>(
    `SELECT (SELECT extract(epoch FROM now() - occurred_at)::float8 FROM event WHERE event_id = (
               SELECT event_id FROM outbox WHERE num_nonnulls(parked_at, replay_id) < 1 ORDER BY id LIMIT 1)) AS oldest,
            (SELECT count(*)::int FROM outbox WHERE parked_at IS NOT NULL) AS parked`,
  );
  return { oldestSeconds: Math.max(0, Math.round(row?.oldest ?? 0)), parked: row?.parked ?? 0 };
}
