import { z } from '@hono/zod-openapi';
import { handle } from '../mediator/handler';
import { defineQuery } from '../mediator/message';
import { decodeCursor, encodeCursor } from '../platform/cursor';
import { instant, pageQuery, text, timestamp } from '../platform/schemas';
import { differenceKinds } from './difference';
import { findDifferences, readCheckedAt } from './reconciliation.sql';

const kind = z.enum(Object.keys(differenceKinds) as [keyof typeof differenceKinds]);

export const differenceFilter = z.strictObject({ kind: kind.optional(), ...pageQuery });

const differenceView = z
  .object({
    kind,
    subject: z.string().openapi({ description: 'The id of what it is about.' }),
    detail: z.string(),
    expected: z.string().nullable().openapi({ description: '`null` for nothing', example: '9900 EUR' }),
    actual: z.string().nullable(),
    first_seen_at: timestamp,
  })
  .openapi('Difference');

/** What the last run found, the longest known first. */
export const listDifferences = defineQuery({
  name: 'ListDifferences',
  input: differenceFilter,
  result: z.object({
    checked_at: timestamp
      .nullable()
      .openapi({ description: 'When the last run began that has finished; `null` before.' }),
    data: z.array(differenceView),
    next_cursor: z.string().nullable(),
  }),
  roles: ['operator'],
});

const START = ['-infinity', '', ''];
const position = z.tuple([instant, kind, text(500)]);

export const listDifferencesHandler = handle(listDifferences, async ({ kind = null, limit, cursor }, { database }) => {
  const after = cursor === undefined ? START : decodeCursor(cursor, position);
  const [checked_at, found] = await Promise.all([
    readCheckedAt(database),
    findDifferences(database, kind, after, limit + 1),
  ]);
  const data = found.slice(0, limit);
  const last = found.length > limit ? data.at(-1) : undefined;
  const next_cursor = last ? encodeCursor([last.first_seen_at, last.kind, last.subject]) : null;
  return { checked_at, data, next_cursor };
});
