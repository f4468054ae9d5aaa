import { PLANNED_EACH_TIME, type Queryable } from '../platform/database/queryable';

/** The pending rows of one shard. */
export interface ShardBacklog {
  readonly shard: number;
  /** Without dead letters. An estimate while the table is larger than {@link COUNTED_BYTES}. */
  readonly pending: number;
  /** Age of the oldest row, replays left out; 0 without one. */
  readonly oldestSeconds: number;
}

/** The dead letters of one shard and event type. */
export interface ParkedRows {
  readonly shard: number;
  readonly type: string;
  readonly parked: number;
}

/** The size of table that is counted exactly: about 700,000 rows, in about 100 ms. */
const COUNTED_BYTES = 64 * 1024 * 1024;
/** Dead letters beyond this number are not counted. */
const PARKED_COUNTED = 10_000;

/**
 * Reads the backlog of each shard in bounded time. It is exact up to {@link COUNTED_BYTES} of table; beyond that it is
 * scaled up from a sample of pages.
 *
 * The oldest row is found on the index on (shard, id): by `num_nonnulls`, neither parked nor a replay, Postgres expects
 * to find a row soon.
 */
export async function readShardBacklogs(database: Queryable): Promise<ShardBacklog[]> {
  return database.$queryRawUnsafe<ShardBacklog[]>(
    `${PLANNED_EACH_TIME} WITH sample AS MATERIALIZED (
       SELECT least(100, 100 * $1::float8 / greatest(1, pg_relation_size('outbox'))) AS percent),
     counted AS MATERIALIZED (
       SELECT shard, count(*) AS rows
       FROM outbox TABLESAMPLE SYSTEM ((SELECT percent FROM sample)) WHERE parked_at IS NULL GROUP BY shard)
     SELECT shard::int, coalesce(round(rows * 100 / percent), 0)::float8 AS pending,
       greatest(0, coalesce(extract(epoch FROM now() -
         (SELECT occurred_at FROM event WHERE event.event_id = oldest.event_id)), 0))::float8 AS "oldestSeconds"
     FROM outbox_shard CROSS JOIN sample LEFT JOIN counted USING (shard)
     LEFT JOIN LATERAL (
       SELECT event_id FROM outbox
       WHERE outbox.shard BETWEEN outbox_shard.shard AND outbox_shard.shard
         AND num_nonnulls(parked_at, replay_id) < 1
       ORDER BY outbox.shard, outbox.id LIMIT 1) AS oldest ON true
     ORDER BY shard`,
    COUNTED_BYTES,
  );
}

/** Counts dead letters by shard and event type, on the small partial index of held rows. */
export async function readParkedRows(database: Queryable): Promise<ParkedRows[]> {
  return database.$queryRawUnsafe<ParkedRows[]>(
    `SELECT shard::int, type, count(*)::int AS parked
     FROM (SELECT shard, event_id FROM outbox WHERE parked_at IS NOT NULL LIMIT ${PARKED_COUNTED}) AS held
     JOIN event USING (event_id) GROUP BY shard, type ORDER BY shard, type`,
  );
}
