import { z } from 'zod';
import { handle } from '../mediator/handler';
import { defineQuery } from '../mediator/message';
import type { Database } from '../platform/database/database';
import { sagaNotFound, sagaType } from './view/saga-view';
import type { SagaToStart } from './start/start-saga';

/** Reads a saga as its workflow is started. */
export const findSaga = defineQuery({
  name: 'FindSaga',
  input: z.strictObject({ saga_id: z.string() }),
  result: z.custom<SagaToStart>(),
  roles: [],
});

/** @throws Refusal `saga_not_found` */
export const createFindSaga = (database: Database) =>
  handle(findSaga, async ({ saga_id }) => {
    const saga = await database.saga.findUnique({ where: { saga_id }, select: { type: true, input: true } });
    if (!saga) throw sagaNotFound(saga_id);
    return { saga_id, type: sagaType.parse(saga.type), input: saga.input as unknown as SagaToStart['input'] };
  });
