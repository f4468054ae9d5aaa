import { PLANNED_EACH_TIME, type Queryable } from '../platform/database/queryable';

/** What waits in one lane. */
export interface LaneBacklog {
  readonly lane: number;
  /** Not parked; an estimate while the table is larger than {@link COUNTED_BYTES}. */
  readonly pending: number;
  /** Age of the oldest that waits for its first publishing: a replay is late on purpose. */
  readonly oldestSeconds: number;
}

export interface ParkedRows {
  readonly lane: number;
  readonly type: string;
  readonly parked: number;
}

/** So much of the table is read: some 700,000 rows, about 100 ms. Of a larger one, pages by chance. */
const COUNTED_BYTES = 64 * 1024 * 1024;
/** More are not told apart: an operator has other worries then. */
const PARKED_COUNTED = 10_000;

/**
 * Each lane's backlog, in bounded time however long it is: exact up to {@link COUNTED_BYTES} of table,
 * beyond that scaled up from a sample of its pages. The oldest is the first of the index on (lane, id)
 * that is neither parked nor a replay: said so that Postgres expects to find one soon, and walks that index.
 */
export async function readLaneBacklogs(database: Queryable): Promise<LaneBacklog[]> {
  return database.$queryRawUnsafe<LaneBacklog[]>(
    `${PLANNED_EACH_TIME} WITH sample AS MATERIALIZED (
       SELECT least(100, 100 * $1::float8 / greatest(1, pg_relation_size('outbox'))) AS percent),
     counted AS MATERIALIZED (
       SELECT lane, count(*) AS rows
       FROM outbox TABLESAMPLE SYSTEM ((SELECT percent FROM sample)) WHERE parked_at IS NULL GROUP BY lane)
     SELECT lane::int, coalesce(round(rows * 100 / percent), 0)::float8 AS pending,
       greatest(0, coalesce(extract(epoch FROM now() -
         (SELECT occurred_at FROM event WHERE event.event_id = oldest.event_id)), 0))::float8 AS "oldestSeconds"
     FROM outbox_lane CROSS JOIN sample LEFT JOIN counted USING (lane)
     LEFT JOIN LATERAL (
       SELECT event_id FROM outbox
       WHERE outbox.lane BETWEEN outbox_lane.lane AND outbox_lane.lane
         AND num_nonnulls(parked_at, replay_id) < 1
       ORDER BY outbox.lane, outbox.id LIMIT 1) AS oldest ON true
     ORDER BY lane`,
    COUNTED_BYTES,
  );
}

/** Parked rows by lane and event type, from the small index of held rows. */
export async function readParkedRows(database: Queryable): Promise<ParkedRows[]> {
  return database.$queryRawUnsafe<ParkedRows[]>(
    `SELECT lane::int, type, count(*)::int AS parked
     FROM (SELECT lane, event_id FROM outbox WHERE parked_at IS NOT NULL LIMIT ${PARKED_COUNTED}) AS held
     JOIN event USING (event_id) GROUP BY lane, type ORDER BY lane, type`,
  );
}
