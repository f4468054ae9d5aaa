import { z } from 'zod';
import { handle } from '../../mediator/handler';
import { actorId, defineQuery } from '../../mediator/message';
import type { Database } from '../../platform/database/database';
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
export const createFindStep = (database: Database) =>
  handle(findStep, async ({ saga_id }, { principal }) => {
    const saga = await database.saga.findUnique({ where: { saga_id }, select: { saga_id: true } });
    if (!saga) throw sagaNotFound(saga_id);
    return { actor: actorId(principal) };
  });
