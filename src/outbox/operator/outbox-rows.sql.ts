import { PLANNED_EACH_TIME, type Queryable } from '../../platform/database/database';
import type { OutboxRowView, OutboxState } from './outbox-row';
import { rfc3339 } from '../../platform/database/rfc3339';

/** A row with the fields that an act on it needs. */
export interface OutboxRowDetail extends OutboxRowView {
  readonly version: number;
  /** RFC 3339, UTC; `null` for a row that is due or a dead letter. */
  readonly next_attempt_at: string | null;
  readonly replay_id: string | null;
}

const COLUMNS = `outbox.id::text, outbox.event_id, event.type, outbox.aggregate_id, outbox.shard::int, outbox.attempts,
  outbox.last_error, ${rfc3339('outbox.parked_at')} AS parked_at`;
const DETAIL = `${COLUMNS}, event.version, outbox.replay_id,
  ${rfc3339('outbox.next_attempt_at')} AS next_attempt_at`;

const IN_STATE: Record<OutboxState, string> = { parked: 'parked_at IS NOT NULL', pending: 'parked_at IS NULL' };

/** Returns a page of rows with ids above `after`, in the order of their ids. */
export function findOutboxRows(
  database: Queryable,
  state: OutboxState,
  after: string,
  limit: number,
): Promise<OutboxRowView[]> {
  return database.$queryRawUnsafe<OutboxRowView[]>(
    `${PLANNED_EACH_TIME} SELECT ${COLUMNS} FROM outbox JOIN event USING (event_id)
     WHERE ${IN_STATE[state]} AND outbox.id > $1::bigint ORDER BY outbox.id LIMIT $2`,
    after,
    limit,
  );
}

/** Returns one row, or `undefined` without one. */
export async function findOutboxRow(database: Queryable, id: string): Promise<OutboxRowDetail | undefined> {
  const rows = await database.$queryRawUnsafe<OutboxRowDetail[]>(
    `SELECT ${DETAIL} FROM outbox JOIN event USING (event_id) WHERE outbox.id = $1::bigint`,
    id,
  );
  return rows[0];
}

/** Locks one row until the transaction ends and returns it. A second operator sees what the first has done. */
export async function lockOutboxRow(tx: Queryable, id: string): Promise<OutboxRowDetail | undefined> {
  const rows = await tx.$queryRawUnsafe<OutboxRowDetail[]>(
    `SELECT ${DETAIL} FROM outbox JOIN event USING (event_id) WHERE outbox.id = $1::bigint FOR UPDATE OF outbox`,
    id,
  );
  return rows[0];
}

/** Counts the later rows of its aggregate, which wait for it. */
export async function countBehind(database: Queryable, { id, shard, aggregate_id }: OutboxRowView): Promise<number> {
  const [row] = await database.$queryRawUnsafe<{ behind: number }[]>(
    `${PLANNED_EACH_TIME} SELECT count(*)::int AS behind FROM outbox WHERE shard = $1::smallint AND aggregate_id = $2 AND id > $3::bigint`,
    shard,
    aggregate_id,
    id,
  );
  return row?.behind ?? 0;
}

/** Makes a row due with all its attempts, in its old place before the later rows of its aggregate. */
export async function requeueRow(tx: Queryable, id: string): Promise<void> {
  await tx.$executeRawUnsafe(
    `UPDATE outbox SET attempts = 0, parked_at = NULL, next_attempt_at = NULL, last_error = NULL WHERE id = $1::bigint`,
    id,
  );
}

/** Deletes a row. */
export async function discardRow(tx: Queryable, id: string): Promise<void> {
  await tx.$executeRawUnsafe(`DELETE FROM outbox WHERE id = $1::bigint`, id);
}
