import { z } from 'zod';
import { handle } from '../../mediator/handler';
import { defineQuery } from '../../mediator/message';
import { sagaId } from '../../platform/schemas';
import type { SagaViewSources } from './saga-progress';
import { hasEnded, sagaNotFound, sagaResponse, toSagaResponse, withSteps } from './saga-view';

/** Reads a saga with its steps. */
export const getSaga = defineQuery({
  name: 'GetSaga',
  input: z.strictObject({ saga_id: sagaId }),
  result: sagaResponse,
  roles: ['service', 'operator'],
});

export const createGetSaga = ({ workflowUrl, sagaProgress }: SagaViewSources) =>
  handle(getSaga, async ({ saga_id }, { database }) => {
    const saga = await database.saga.findUnique({ where: { saga_id }, include: withSteps });
    if (!saga) throw sagaNotFound(saga_id);
    const progress = hasEnded(saga) ? undefined : await sagaProgress.of(saga_id);
    return toSagaResponse(saga, workflowUrl, progress);
  });
