import { z } from 'zod';
import { find } from '../inbox/inbox.sql';
import type { Once } from '../inbox/once';
import { storedAnswer } from '../inbox/stored-answer';
import { handle } from '../mediator/handler';
import { defineQuery } from '../mediator/message';

/** What was recorded of a step, or answered to a decision about it, under its once-key; `null` when nothing was yet. */
export const findStepAnswer = defineQuery({
  name: 'FindStepAnswer',
  input: z.strictObject({ once: z.custom<Once>() }),
  result: z.object({ answer: z.unknown() }).nullable(),
  roles: ['operator'],
});

/** @throws Refusal `step_undone` when its compensation came first, `idempotency_key_reused` */
export const findStepAnswerHandler = handle(findStepAnswer, async ({ once }, { database }) => {
  const row = await find(database, once.scope, once.key);
  return row ? { answer: storedAnswer(once, row) } : null;
});
