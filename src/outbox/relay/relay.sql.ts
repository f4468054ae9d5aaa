import type { OutgoingEvent } from '../../messaging/cloud-event';
import { PLANNED_EACH_TIME, type Queryable } from '../../platform/database/queryable';
import { rfc3339 } from '../../platform/database/rfc3339';

/** The right to a lane: whoever took its epoch last owns it, everybody before is fenced off. */
export interface Lease {
  readonly lane: number;
  /** As text: 64 bits. */
  readonly epoch: string;
}

/** A row of `outbox` with the event it stands for. */
export interface PendingRow extends OutgoingEvent {
  /** As text: 64 bits. Order per aggregate is the order of these. */
  readonly id: string;
  readonly lane: number;
  readonly attempts: number;
}

export interface Claim {
  /** The leases that still hold; a lane that is missing here has another owner. */
  readonly owned: ReadonlySet<number>;
  /** In the order of their ids, and so in version order for each aggregate. */
  readonly rows: readonly PendingRow[];
}

export interface ClaimOptions {
  /** Rows of each lane, at most. */
  readonly limit: number;
  /** Ids that are on their way to Kafka. */
  readonly inFlight: readonly string[];
  /** By lane: no row of it has a lower id, or ever will. */
  readonly lowBounds: ReadonlyMap<number, string>;
}

export interface RowFailure {
  readonly lease: Lease;
  readonly id: string;
  readonly reason: string;
  /** From this many attempts on the row is parked. */
  readonly parkAt: number;
  readonly retryAfterMs: number;
}

/** Becomes the owner of the lanes; what their owner before has claimed, it can no longer mark. */
export async function takeLanes(database: Queryable, lanes: readonly number[]): Promise<Lease[]> {
  return database.$queryRawUnsafe<Lease[]>(
    `UPDATE outbox_lane SET epoch = epoch + 1 WHERE lane = ANY ($1::smallint[])
     RETURNING lane::int, epoch::text AS epoch`,
    lanes,
  );
}

/**
 * The next rows of each lane, at most `limit` of them, from the set of pending rows: never from a
 * cursor, because ids become visible out of commit order. A low bound only skips index entries of deleted
 * rows; see `low-bound.ts`. Left out are rows of an aggregate that an
 * earlier row holds (parked, or waiting for its next attempt), and rows that are in flight.
 *
 * `outbox_pending_rows` (in the migrations) walks the index on (lane, id), and nothing else.
 */
export async function claimPending(
  database: Queryable,
  leases: readonly Lease[],
  { limit, inFlight, lowBounds }: ClaimOptions,
): Promise<Claim> {
  const answer = await database.$queryRawUnsafe<({ owned: number } & (PendingRow | { id: null }))[]>(
    `${PLANNED_EACH_TIME} SELECT owned.lane::int AS owned, row.lane::int, row.id::text, row.attempts, row.aggregate_id, event.event_id,
       event.version, event.type, event.data_version, event.payload::text AS payload,
       ${rfc3339('event.occurred_at')} AS occurred_at,
       event.correlation_id, event.causation_id, event.traceparent, row.replay_id
     FROM unnest($1::smallint[], $2::bigint[], $5::bigint[]) AS lease (lane, epoch, low_bound)
     JOIN outbox_lane AS owned ON owned.lane = lease.lane AND owned.epoch = lease.epoch
     LEFT JOIN LATERAL outbox_pending_rows(owned.lane, lease.low_bound, $3::int, $4::bigint[]) AS row ON true
     LEFT JOIN event ON event.event_id = row.event_id
     ORDER BY row.id`,
    leases.map(({ lane }) => lane),
    leases.map(({ epoch }) => epoch),
    limit,
    inFlight,
    leases.map(({ lane }) => lowBounds.get(lane) ?? '0'),
  );
  const owned = new Set<number>();
  const rows: PendingRow[] = [];
  for (const row of answer) {
    owned.add(row.owned);
    if (row.id !== null) rows.push(row);
  }
  return { owned, rows };
}

/** The leases that still hold, locked so that no lane changes its owner before the statement ends. */
const MINE = `mine AS MATERIALIZED (
  SELECT owned.lane FROM outbox_lane AS owned
  JOIN unnest($1::smallint[], $2::bigint[]) AS lease (lane, epoch) ON owned.lane = lease.lane AND owned.epoch = lease.epoch
  FOR SHARE OF owned)`;

/** Deletes what was published, in the lanes whose lease still holds. @returns those lanes */
export async function deletePublished(
  database: Queryable,
  leases: readonly Lease[],
  ids: readonly string[],
): Promise<ReadonlySet<number>> {
  const owned = await database.$queryRawUnsafe<{ lane: number }[]>(
    `${PLANNED_EACH_TIME} WITH ${MINE}, published AS (
       DELETE FROM outbox WHERE id = ANY ($3::bigint[]) AND lane IN (SELECT lane FROM mine))
     SELECT lane::int FROM mine`,
    leases.map(({ lane }) => lane),
    leases.map(({ epoch }) => epoch),
    ids,
  );
  return new Set(owned.map(({ lane }) => lane));
}

/** Counts a failed attempt: the row waits for its next one, or is parked. Its aggregate waits with it. */
export async function recordFailure(database: Queryable, failure: RowFailure): Promise<void> {
  await database.$executeRawUnsafe(
    `WITH ${MINE}
     UPDATE outbox SET attempts = attempts + 1, last_error = $4,
       parked_at = CASE WHEN attempts + 1 >= $5 THEN now() END,
       next_attempt_at = CASE WHEN attempts + 1 < $5 THEN now() + $6 * interval '1 millisecond' END
     WHERE id = $3::bigint AND lane IN (SELECT lane FROM mine)`,
    [failure.lease.lane],
    [failure.lease.epoch],
    failure.id,
    failure.reason,
    failure.parkAt,
    failure.retryAfterMs,
  );
}
