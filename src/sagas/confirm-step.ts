import { z } from 'zod';
import { handle } from '../mediator/handler';
import { defineCommand } from '../mediator/message';

/**
 * Asks whether a step happened, for a saga that was not told. Sent once as the undoing of the step: when that
 * never happened, its key is taken as undone, so a late attempt does nothing, and the answer is `null`; the
 * handler runs, and changes nothing, only when it did happen.
 */
export const confirmStep = defineCommand({
  name: 'ConfirmStep',
  input: z.strictObject({ saga_id: z.string(), step: z.string() }),
  result: z.object({ done: z.literal(true) }).nullable(),
  roles: [],
});

export const confirmStepHandler = handle(confirmStep, async () => ({ done: true as const }));
