import type { Queryable } from '../platform/database';

export interface OutboxLag {
  /** Age of the oldest event that still waits for its first publishing; 0 when none does. */
  readonly oldestSeconds: number;
  readonly parked: number;
}

/** Two index lookups, however long the backlog is. */
export async function readOutboxLag(database: Queryable): Promise<OutboxLag> {
  const [row] = await database.$queryRawUnsafe<{ oldest: number | null; parked: number }[]>(
    `SELECT (SELECT extract(epoch FROM now() - event.occurred_at)::float8
             FROM outbox JOIN event USING (event_id)
             WHERE parked_at IS NULL AND replay_id IS NULL ORDER BY outbox.id LIMIT 1) AS oldest,
            (SELECT count(*)::int FROM outbox WHERE parked_at IS NOT NULL) AS parked`,
  );
  return { oldestSeconds: Math.max(0, Math.round(row?.oldest ?? 0)), parked: row?.parked ?? 0 };
}
