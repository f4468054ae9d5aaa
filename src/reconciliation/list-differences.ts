import { z } from '@hono/zod-openapi';
import { handle } from '../mediator/handler';
import { defineQuery } from '../mediator/message';
import { decodeCursor, encodeCursor } from '../platform/cursor';
import { instant, pageQuery, text, timestamp } from '../platform/schemas';
import { discrepancyKinds } from './difference';
import { findDiscrepancies, readCheckedAt } from './reconciliation.sql';

const kind = z.enum(Object.keys(discrepancyKinds) as [keyof typeof discrepancyKinds]);

/** The query of the route. */
export const discrepancyFilter = z.strictObject({ kind: kind.optional(), ...pageQuery });

const discrepancyResponse = z
  .object({
    kind,
    subject: z
      .string()
      .openapi({ description: 'The id of the payment, order, customer, ledger transaction, charge or provider.' }),
    detail: z.string(),
    expected: z.string().nullable().openapi({ description: '`null` for nothing.', example: '9900 EUR' }),
    actual: z.string().nullable(),
    first_seen_at: timestamp,
  })
  .openapi('Discrepancy');

/** The discrepancies of the last run, oldest first. */
export const listDiscrepancies = defineQuery({
  name: 'ListDiscrepancies',
  input: discrepancyFilter,
  result: z.object({
    checked_at: timestamp
      .nullable()
      .openapi({ description: 'The start of the last finished run; `null` before the first.' }),
    data: z.array(discrepancyResponse),
    next_cursor: z.string().nullable(),
  }),
  roles: ['operator'],
});

const START = ['-infinity', '', ''];
const position = z.tuple([instant, kind, text(500)]);

export const listDiscrepanciesHandler = handle(listDiscrepancies, async ({ kind = null, limit, cursor }, { database }) => {
  const after = cursor === undefined ? START : decodeCursor(cursor, position);
  const [checked_at, found] = await Promise.all([
    readCheckedAt(database),
    findDiscrepancies(database, kind, after, limit + 1),
  ]);
  const data = found.slice(0, limit);
  const last = found.length > limit ? data.at(-1) : undefined;
  const next_cursor = last ? encodeCursor([last.first_seen_at, last.kind, last.subject]) : null;
  return { checked_at, data, next_cursor };
});
