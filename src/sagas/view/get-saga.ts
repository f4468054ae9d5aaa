import { z } from 'zod';
import { handle } from '../../mediator/handler';
import { defineQuery } from '../../mediator/message';
import type { Database } from '../../platform/database/database';
import { sagaId } from '../../platform/schemas';
import type { SagaProgress } from './saga-progress';
import { hasEnded, sagaNotFound, sagaResponse, toSagaResponse, withSteps, type WorkflowUrl } from './saga-view';

/** Reads a saga with its steps. */
export const getSaga = defineQuery({
  name: 'GetSaga',
  input: z.strictObject({ saga_id: sagaId }),
  result: sagaResponse,
  roles: ['service', 'operator'],
});

/** @throws Refusal `saga_not_found` */
export const createGetSaga = (database: Database, workflowUrl: WorkflowUrl, sagaProgress: SagaProgress) =>
  handle(getSaga, async ({ saga_id }) => {
    const saga = await database.saga.findUnique({ where: { saga_id }, include: withSteps });
    if (!saga) throw sagaNotFound(saga_id);
    const progress = hasEnded(saga) ? undefined : await sagaProgress.of(saga_id);
    return toSagaResponse(saga, workflowUrl, progress);
  });
