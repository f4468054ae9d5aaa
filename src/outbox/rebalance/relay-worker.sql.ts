import type { Queryable } from '../../platform/database/database';

/** One worker's report of itself. */
export interface CheckIn {
  readonly workerId: string;
  /** Shard groups that it relays now. */
  readonly relays: number;
  /** A worker that has not checked in for this long counts as gone. */
  readonly goneAfterMs: number;
}

/**
 * Records that the worker runs, and deletes the rows of workers that are gone, by the database's clock.
 *
 * @returns the fewest relays that another worker has; `null` without another worker
 */
export async function checkIn(database: Queryable, { workerId, relays, goneAfterMs }: CheckIn): Promise<number | null> {
  const [row] = await database.$queryRawUnsafe<{ fewest: number | null }[]>(
    `WITH me AS (
       INSERT INTO relay_worker (worker_id, relays, seen_at) VALUES ($1, $2, now())
       ON CONFLICT (worker_id) DO UPDATE SET relays = EXCLUDED.relays, seen_at = EXCLUDED.seen_at),
     gone AS (
       DELETE FROM relay_worker WHERE worker_id <> $1 AND seen_at < now() - $3 * interval '1 millisecond')
     SELECT min(relays) AS fewest FROM relay_worker
     WHERE worker_id <> $1 AND seen_at >= now() - $3 * interval '1 millisecond'`,
    workerId,
    relays,
    goneAfterMs,
  );
  return row?.fewest ?? null;
}
