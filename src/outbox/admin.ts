import { z } from '@hono/zod-openapi';
import { recordAudit } from '../cqrs/audit';
import { defineCommand, defineQuery, handle } from '../cqrs/message';
import { PLANNED_EACH_TIME, type Queryable } from '../platform/database/database';
import { rfc3339 } from '../platform/database/session';
import { Refusal } from '../platform/refusal';
import { opaqueId, pageQuery, reason, timestamp } from '../platform/schemas';
import { decodeCursor, encodeCursor } from '../platform/values';

/** An outbox row as operators see it. */
export const outboxRowView = z
  .object({
    id: z.string().openapi({ example: '4711' }),
    event_id: z.string(),
    type: z.string().openapi({ example: 'order.placed' }),
    aggregate_id: z.string(),
    shard: z.int(),
    attempts: z.int(),
    last_error: z.string().nullable(),
    parked_at: timestamp.nullable(),
  })
  .openapi('OutboxRow');

/** The row as JSON. */
export type OutboxRowView = z.infer<typeof outboxRowView>;

/** `parked`: a dead letter, which waits for an operator. `pending`: due, or waiting for its next attempt. */
export const outboxState = z.enum(['parked', 'pending']);
/** The state of a row. */
export type OutboxState = z.infer<typeof outboxState>;

/** The body of an act on one row. */
export const outboxAct = z.strictObject({ reason }).openapi('OutboxAct');
/** The input of a command on one row. */
export const outboxActOnRow = outboxAct.extend({ id: opaqueId });

/** Whether an id can be that of a row. Ids are opaque to clients, so any other id is not found. */
export const isRowId = (id: string): boolean => /^[1-9]\d{0,17}$/.test(id);

/** Refuses an id without a row. */
export const rowNotFound = (id: string): Refusal =>
  new Refusal('outbox_row_not_found', `The outbox has no row ${id}: it was published, discarded, or did not exist.`);

/** Refuses an act on a row that is not a dead letter. */
export const rowNotParked = (id: string): Refusal =>
  new Refusal('outbox_row_not_parked', `Row ${id} is not a dead letter: the relay still tries it by itself.`);

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

/** Which rows are listed. */
export const outboxFilter = z.strictObject({ state: outboxState.default('parked'), ...pageQuery });

/** Lists rows, oldest first. */
export const listOutboxRows = defineQuery({
  name: 'ListOutboxRows',
  input: outboxFilter,
  result: z.object({ data: z.array(outboxRowView), next_cursor: z.string().nullable() }),
  roles: ['operator'],
});

const position = z.tuple([z.string().refine(isRowId)]);

/** Handles {@link listOutboxRows}. */
export const listOutboxRowsHandler = handle(listOutboxRows, async ({ state, limit, cursor }, { database }) => {
  const [after] = cursor === undefined ? ['0'] : decodeCursor(cursor, position);
  const rows = await findOutboxRows(database, state, after, limit + 1);
  const page = rows.slice(0, limit);
  const last = rows.length > limit ? page.at(-1) : undefined;
  return { data: page, next_cursor: last ? encodeCursor([last.id]) : null };
});

/** Returns one row, with what an operator needs before an act on it. */
export const getOutboxRow = defineQuery({
  name: 'GetOutboxRow',
  input: z.strictObject({ id: opaqueId }),
  result: outboxRowView.extend({
    version: z.int(),
    next_attempt_at: timestamp.nullable(),
    /** The replay that it belongs to. */
    replay_id: z.string().nullable(),
    /** Later rows of its aggregate. */
    behind: z.int(),
  }),
  roles: ['operator'],
});

/** @throws Refusal `outbox_row_not_found` */
export const getOutboxRowHandler = handle(getOutboxRow, async ({ id }, { database }) => {
  const row = isRowId(id) ? await findOutboxRow(database, id) : undefined;
  if (!row) throw rowNotFound(id);
  return { ...row, behind: await countBehind(database, row) };
});

/**
 * Locks a dead letter until the transaction ends and returns it. No relay claims it meanwhile.
 *
 * @throws Refusal `outbox_row_not_found`, `outbox_row_not_parked`
 */
export async function lockParkedRow(tx: Queryable, id: string): Promise<OutboxRowDetail> {
  const row = isRowId(id) ? await lockOutboxRow(tx, id) : undefined;
  if (!row) throw rowNotFound(id);
  if (row.parked_at === null) throw rowNotParked(id);
  return row;
}

/** Returns the fields of a row that the audit log keeps. */
export function auditedRow(row: OutboxRowDetail) {
  const { event_id, type, aggregate_id, version, attempts, last_error, replay_id } = row;
  return { event_id, type, aggregate_id, version, attempts, last_error, ...(replay_id !== null && { replay_id }) };
}

/**
 * Discards a dead letter, so that the later rows of its aggregate go on. Consumers see a gap in the versions. The event
 * stays in the log, from where a replay can publish it.
 */
export const discardOutboxRow = defineCommand({
  name: 'DiscardOutboxRow',
  input: outboxActOnRow,
  result: outboxRowView,
  roles: ['operator'],
});

/** Returns the row as it was. */
export const discardOutboxRowHandler = handle(discardOutboxRow, async ({ id, reason }, context) => {
  const { tx } = context.uow;
  const row = await lockParkedRow(tx, id);
  await discardRow(tx, id);
  context.uow.wake(row.shard);
  recordAudit(context, { action: 'outbox.discard', subject: id, reason, details: auditedRow(row) });
  return outboxRowView.parse(row);
});

/** Requeues a dead letter in its old place, before the later rows of its aggregate. */
export const requeueOutboxRow = defineCommand({
  name: 'RequeueOutboxRow',
  input: outboxActOnRow,
  result: outboxRowView,
  roles: ['operator'],
});

/** Returns the row as it is now. */
export const requeueOutboxRowHandler = handle(requeueOutboxRow, async ({ id, reason }, context) => {
  const { tx } = context.uow;
  const row = await lockParkedRow(tx, id);
  await requeueRow(tx, id);
  context.uow.wake(row.shard);
  recordAudit(context, { action: 'outbox.requeue', subject: id, reason, details: auditedRow(row) });
  return outboxRowView.parse({ ...row, attempts: 0, last_error: null, parked_at: null });
});
