import { z } from 'zod';
import { handle } from '../../mediator/handler';
import { actorOf, defineQuery } from '../../mediator/message';
import { sagaId, text } from '../../platform/schemas';
import { sagaNotFound } from '../view/saga-view';

/** Who decides about a step of which saga; whether it is stuck, its workflow knows. */
export const findStep = defineQuery({
  name: 'FindStep',
  input: z.strictObject({ saga_id: sagaId, step: text(50) }),
  result: z.object({ actor: z.string() }),
  roles: ['operator'],
});

/** @throws Refusal `saga_not_found` */
export const findStepHandler = handle(findStep, async ({ saga_id }, { database, principal }) => {
  const saga = await database.saga.findUnique({ where: { saga_id }, select: { saga_id: true } });
  if (!saga) throw sagaNotFound(saga_id);
  return { actor: actorOf(principal) };
});
