import type { OutgoingEvent } from '../kafka/cloud-events';
import { rfc3339 } from '../platform/database/session';
import { PLANNED_EACH_TIME, type Queryable } from '../platform/database/statements';

/** The right to a shard. The relay that took the newest epoch owns it; all others are fenced off. */
export interface Lease {
  readonly shard: number;
  /** 64 bits, as text. */
  readonly epoch: string;
}

/** A row of `outbox` with the event it stands for. */
export interface PendingRow extends OutgoingEvent {
  /** 64 bits, as text. The order per aggregate is the order of the ids. */
  readonly id: string;
  readonly shard: number;
  readonly attempts: number;
}

/** The rows that a claim has found. */
export interface Claim {
  /** The shards whose leases still hold. A shard that is missing has another owner. */
  readonly owned: ReadonlySet<number>;
  /** In the order of their ids, which is the version order of each aggregate. */
  readonly rows: readonly PendingRow[];
}

/** What a claim looks for. */
export interface ClaimOptions {
  /** The most rows of each shard. */
  readonly limit: number;
  /** Ids of rows that are on their way to Kafka. */
  readonly inFlight: readonly string[];
  /** By shard, an id that no pending or future row is below. */
  readonly lowWatermarks: ReadonlyMap<number, string>;
}

/** A failed attempt at a row. */
export interface RowFailure {
  readonly lease: Lease;
  readonly id: string;
  readonly reason: string;
  /** The number of attempts that makes the row a dead letter. */
  readonly parkAt: number;
  readonly retryAfterMs: number;
}

/** Takes the shards. Their owner before can no longer mark what it has claimed. */
export async function takeShards(database: Queryable, shards: readonly number[]): Promise<Lease[]> {
  return database.$queryRawUnsafe<Lease[]>(
    `UPDATE outbox_shard SET epoch = epoch + 1 WHERE shard = ANY ($1::smallint[])
     RETURNING shard::int, epoch::text AS epoch`,
    shards,
  );
}

/**
 * Claims the next rows of each shard from the set of pending rows. It never uses a cursor, because ids become visible
 * out of commit order. A low watermark only skips index entries of deleted rows; see `low-watermark.ts`. Left out are
 * rows in flight, and rows behind an earlier row of their aggregate that is a dead letter or waits for its next
 * attempt.
 *
 * `outbox_pending_rows` (in the migrations) walks the index on (shard, id), and nothing else.
 */
export async function claimPending(
  database: Queryable,
  leases: readonly Lease[],
  { limit, inFlight, lowWatermarks }: ClaimOptions,
): Promise<Claim> {
  const answer = await database.$queryRawUnsafe<({ owned: number } & (PendingRow | { id: null }))[]>(
    `${PLANNED_EACH_TIME} SELECT owned.shard::int AS owned, row.shard::int, row.id::text, row.attempts, row.aggregate_id, event.event_id,
       event.version, event.type, event.data_version, event.payload::text AS payload,
       ${rfc3339('event.occurred_at')} AS occurred_at,
       event.correlation_id, event.causation_id, event.traceparent, row.replay_id
     FROM unnest($1::smallint[], $2::bigint[], $5::bigint[]) AS lease (shard, epoch, low_watermark)
     JOIN outbox_shard AS owned ON owned.shard = lease.shard AND owned.epoch = lease.epoch
     LEFT JOIN LATERAL outbox_pending_rows(owned.shard, lease.low_watermark, $3::int, $4::bigint[]) AS row ON true
     LEFT JOIN event ON event.event_id = row.event_id
     ORDER BY row.id`,
    leases.map(({ shard }) => shard),
    leases.map(({ epoch }) => epoch),
    limit,
    inFlight,
    leases.map(({ shard }) => lowWatermarks.get(shard) ?? '0'),
  );
  const owned = new Set<number>();
  const rows: PendingRow[] = [];
  for (const row of answer) {
    owned.add(row.owned);
    if (row.id !== null) rows.push(row);
  }
  return { owned, rows };
}

/** The leases that still hold, locked so that no shard changes its owner before the statement ends. */
const MINE = `mine AS MATERIALIZED (
  SELECT owned.shard FROM outbox_shard AS owned
  JOIN unnest($1::smallint[], $2::bigint[]) AS lease (shard, epoch) ON owned.shard = lease.shard AND owned.epoch = lease.epoch
  FOR SHARE OF owned)`;

/** Deletes what was published, in the shards whose lease still holds. @returns those shards */
export async function deletePublished(
  database: Queryable,
  leases: readonly Lease[],
  ids: readonly string[],
): Promise<ReadonlySet<number>> {
  const owned = await database.$queryRawUnsafe<{ shard: number }[]>(
    `${PLANNED_EACH_TIME} WITH ${MINE}, published AS (
       DELETE FROM outbox WHERE id = ANY ($3::bigint[]) AND shard IN (SELECT shard FROM mine))
     SELECT shard::int FROM mine`,
    leases.map(({ shard }) => shard),
    leases.map(({ epoch }) => epoch),
    ids,
  );
  return new Set(owned.map(({ shard }) => shard));
}

/**
 * Counts a failed attempt. The row waits for its next one or becomes a dead letter, and its aggregate waits with it.
 */
export async function recordFailure(database: Queryable, failure: RowFailure): Promise<void> {
  await database.$executeRawUnsafe(
    `WITH ${MINE}
     UPDATE outbox SET attempts = attempts + 1, last_error = $4,
       parked_at = CASE WHEN attempts + 1 >= $5 THEN now() END,
       next_attempt_at = CASE WHEN attempts + 1 < $5 THEN now() + $6 * interval '1 millisecond' END
     WHERE id = $3::bigint AND shard IN (SELECT shard FROM mine)`,
    [failure.lease.shard],
    [failure.lease.epoch],
    failure.id,
    failure.reason,
    failure.parkAt,
    failure.retryAfterMs,
  );
}

/** Another relay has taken these shards. It also sends what this relay still has in hand. */
export class FencedOff extends Error {
  override readonly name = 'FencedOff';

  constructor(readonly shards: readonly number[]) {
    super(`Another relay owns shards ${shards.join(', ')} now.`);
  }
}

/**
 * Checks that every lease still holds.
 *
 * @throws FencedOff with the shards that are not owned any more
 */
export function requireAll(leases: readonly Lease[], owned: ReadonlySet<number>): void {
  const lost = leases.map(({ shard }) => shard).filter((shard) => !owned.has(shard));
  if (lost.length > 0) throw new FencedOff(lost);
}
