import { z } from '@hono/zod-openapi';
import { handle } from '../../mediator/handler';
import { defineQuery } from '../../mediator/message';
import { decodeCursor, encodeCursor } from '../../platform/cursor';
import { pageQuery } from '../../platform/schemas';
import { isRowId, outboxRowView, outboxState } from './outbox-row';
import { findOutboxRows } from './outbox-rows.sql';

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
