import { z } from '@hono/zod-openapi';
import { handle } from '../../mediator/handler';
import { defineQuery } from '../../mediator/message';
import { opaqueId } from '../../platform/schemas';
import { deadLetterView, isLetterId, letterNotFound } from './dead-letter';
import { findLetter } from './operator.sql';

/** Returns one letter with its whole value. */
export const getDeadLetter = defineQuery({
  name: 'GetDeadLetter',
  input: z.strictObject({ id: opaqueId }),
  result: deadLetterView.extend({ is_first: z.boolean(), in_replay: z.boolean() }),
  roles: ['operator'],
});

/** @throws Refusal `dead_letter_not_found` */
export const getDeadLetterHandler = handle(getDeadLetter, async ({ id }, { database }) => {
  const letter = isLetterId(id) ? await findLetter(database, id) : undefined;
  if (!letter) throw letterNotFound(id);
  return letter;
});
