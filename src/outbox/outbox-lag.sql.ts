import type { Queryable } from '../platform/database/queryable';

export interface OutboxLag {
  /** Age of the oldest event that still waits for its first publishing; 0 when none does. */
  readonly oldestSeconds: number;
  readonly parked: number;
}

/**
 * Two index lookups, however long the backlog is: by `num_nonnulls`, neither parked nor a replay, Postgres
 * expects to find a row soon, and walks the primary key instead of sorting the backlog.
 */
export async function readOutboxLag(database: Queryable): Promise<OutboxLag> {
  const [row] = await database.$queryRawUnsafe<{ oldest: number | null; parked: number }[]>(
    `SELECT (SELECT extract(epoch FROM now() - occurred_at)::float8 FROM event WHERE event_id = (
               SELECT event_id FROM outbox WHERE num_nonnulls(parked_at, replay_id) < 1 ORDER BY id LIMIT 1)) AS oldest,
            (SELECT count(*)::int FROM outbox WHERE parked_at IS NOT NULL) AS parked`,
  );
  return { oldestSeconds: Math.max(0, Math.round(row?.oldest ?? 0)), parked: row?.parked ?? 0 };
}
