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
    lane: z.int(),
    attempts: z.int(),
    last_error: z.string().nullable(),
    parked_at: timestamp.nullable(),
  })
  .openapi('OutboxRow');

export type OutboxRowView = z.infer<typeof outboxRowView>;

/** `parked`: waits for an operator. `pending`: everything else, due or waiting for its next attempt. */
export const outboxState = z.enum(['parked', 'pending']);
export type OutboxState = z.infer<typeof outboxState>;

/** What an act on one row takes. */
export const outboxAct = z.strictObject({ reason }).openapi('OutboxAct');
export const outboxActOnRow = outboxAct.extend({ id: opaqueId });

/** Ids are opaque to clients: one that cannot be ours is unknown like any other. */
export const isRowId = (id: string): boolean => /^[1-9]\d{0,17}$/.test(id);

export const rowNotFound = (id: string): Refusal =>
  new Refusal('outbox_row_not_found', `The outbox has no row ${id}: it was published, discarded, or never there.`);

export const rowNotParked = (id: string): Refusal =>
  new Refusal('outbox_row_not_parked', `Row ${id} is not parked: the relay still tries it by itself.`);
