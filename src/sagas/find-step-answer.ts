import { z } from 'zod';
import { find } from '../inbox/inbox.sql';
import type { Once } from '../inbox/once';
import { storedAnswer } from '../inbox/stored-answer';
import { handle } from '../mediator/handler';
import { defineQuery } from '../mediator/message';
import type { Database } from '../platform/database/database';

/** Reads the stored response of a step, or of a decision about it; `null` when there is none yet. */
export const findStepAnswer = defineQuery({
  name: 'FindStepAnswer',
  input: z.strictObject({ once: z.custom<Once>() }),
  result: z.object({ answer: z.unknown() }).nullable(),
  roles: ['operator'],
});

/** @throws Refusal `step_undone` when its compensation came first, `idempotency_key_reused` */
export const createFindStepAnswer = (database: Database) =>
  handle(findStepAnswer, async ({ once }) => {
    const row = await find(database, once.scope, once.key);
    return row ? { answer: storedAnswer(once, row) } : null;
  });
