import { z } from 'zod';
import { handle } from '../mediator/handler';
import { defineQuery } from '../mediator/message';
import type { Database } from '../platform/database';
import { Refusal } from '../platform/refusal';
import { text } from '../platform/schemas';
import { sagaView, viewSaga, type WorkflowUrl } from './saga-view';

export const getSaga = defineQuery({
  name: 'GetSaga',
  input: z.strictObject({ saga_id: text(100) }),
  result: sagaView,
  roles: ['service', 'operator'],
});

export const createGetSaga = (database: Database, workflowUrl: WorkflowUrl) =>
  handle(getSaga, async ({ saga_id }) => {
    const saga = await database.saga.findUnique({ where: { saga_id }, include: { steps: true } });
    if (!saga) throw new Refusal('saga_not_found', `There is no saga ${saga_id}.`);
    return viewSaga(saga, workflowUrl);
  });
