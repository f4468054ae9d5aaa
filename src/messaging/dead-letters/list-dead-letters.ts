import { z } from '@hono/zod-openapi';
import { handle } from '../../mediator/handler';
import { defineQuery } from '../../mediator/message';
import { decodeCursor, encodeCursor } from '../../platform/cursor';
import { pageQuery } from '../../platform/schemas';
import { deadLetterState, deadLetterView, isLetterId, letterFilter } from './dead-letter';
import { findLetters } from './operator.sql';

/** Which letters are listed. */
export const letterQuery = z.strictObject({ ...letterFilter, state: deadLetterState.optional(), ...pageQuery });

/** Lists dead letters, oldest first. Defaults to the open ones. */
export const listDeadLetters = defineQuery({
  name: 'ListDeadLetters',
  input: letterQuery,
  result: z.object({ data: z.array(deadLetterView), next_cursor: z.string().nullable() }),
  roles: ['operator'],
});

const position = z.tuple([z.string().refine(isLetterId)]);

/** Handles {@link listDeadLetters}. */
export const listDeadLettersHandler = handle(listDeadLetters, async ({ limit, cursor, ...filter }, { database }) => {
  const [after] = cursor === undefined ? ['0'] : decodeCursor(cursor, position);
  const letters = await findLetters(database, filter, after, limit + 1);
  const page = letters.slice(0, limit);
  const last = letters.length > limit ? page.at(-1) : undefined;
  return {
    data: page.map((letter) => deadLetterView.parse(letter)),
    next_cursor: last ? encodeCursor([last.id]) : null,
  };
});
