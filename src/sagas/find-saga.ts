import { z } from 'zod';
import { handle } from '../mediator/handler';
import { defineQuery } from '../mediator/message';
import { sagaId } from '../platform/schemas';
import { sagaNotFound, sagaType } from './view/saga-view';
import type { SagaToStart } from './start/start-saga';

/** A saga as it was begun, to be started or decided about. */
export const findSaga = defineQuery({
  name: 'FindSaga',
  input: z.strictObject({ saga_id: sagaId }),
  result: z.custom<SagaToStart>(),
  roles: ['operator'],
});

/** @throws Refusal `saga_not_found` */
export const findSagaHandler = handle(findSaga, async ({ saga_id }, { database }) => {
  const saga = await database.saga.findUnique({ where: { saga_id }, select: { type: true, input: true } });
  if (!saga) throw sagaNotFound(saga_id);
  return { saga_id, type: sagaType.parse(saga.type), input: saga.input as unknown as SagaToStart['input'] };
});
