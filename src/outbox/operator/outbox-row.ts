import { z } from '@hono/zod-openapi';
import { Refusal } from '../../platform/refusal';
import { opaqueId, reason, timestamp } from '../../platform/schemas';

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
