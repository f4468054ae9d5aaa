import { z } from '@hono/zod-openapi';
import { handle } from '../../mediator/handler';
import { defineQuery } from '../../mediator/message';
import { opaqueId, timestamp } from '../../platform/schemas';
import { isRowId, outboxRowView, rowNotFound } from './outbox-row';
import { countBehind, findOutboxRow } from './outbox-rows.sql';

/** One row, with what an operator asks before acting on it. */
export const getOutboxRow = defineQuery({
  name: 'GetOutboxRow',
  input: z.strictObject({ id: opaqueId }),
  result: outboxRowView.extend({
    version: z.int(),
    next_attempt_at: timestamp.nullable(),
    /** Of the replay it belongs to. */
    replay_id: z.string().nullable(),
    /** Later rows of its aggregate. */
    behind: z.int(),
  }),
  roles: ['operator'],
});

export const getOutboxRowHandler = handle(getOutboxRow, async ({ id }, { database }) => {
  const row = isRowId(id) ? await findOutboxRow(database, id) : undefined;
  if (!row) throw rowNotFound(id);
  return { ...row, behind: await countBehind(database, row) };
});
