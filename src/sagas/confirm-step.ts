import { z } from 'zod';
import { handle } from '../mediator/handler';
import { defineCommand } from '../mediator/message';

/**
 * Returns whether a step happened. It is sent as the compensation of the step. If the step never happened, its key is
 * marked as undone, a late attempt fails, and the result is `null`. Otherwise the handler runs and changes nothing.
 */
export const confirmStep = defineCommand({
  name: 'ConfirmStep',
  input: z.strictObject({ saga_id: z.string(), step: z.string() }),
  result: z.object({ done: z.literal(true) }).nullable(),
  roles: [],
});

export const confirmStepHandler = handle(confirmStep, async () => ({ done: true as const }));
