import { z } from '@hono/zod-openapi';
import { handle } from '../../mediator/handler';
import { defineQuery } from '../../mediator/message';
import { opaqueId, timestamp } from '../../platform/schemas';
import { isRowId, outboxRowView, rowNotFound } from './outbox-row';
import { countBehind, findOutboxRow } from './outbox-rows.sql';

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
