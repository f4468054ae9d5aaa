import { type OpenAPIHono, z } from '@hono/zod-openapi';
import { type IdempotencyKeys, respondOnce } from '../cqrs/idempotency-keys';
import type { Mediator } from '../cqrs/mediator';
import { actorId } from '../cqrs/message';
import { assertRole } from '../cqrs/pipeline';
import {
  apiRoute,
  createRouter,
  idempotencyKey,
  json,
  jsonBody,
  idempotencyKeyOf,
  sendOptions,
} from '../http/api-route';
import type { HttpEnv } from '../http/problem';
import { reason, sagaId, text } from '../platform/schemas';
import type { DecideStep } from './operate';
import { getSaga, listSagas, sagaFilter } from './queries';
import { findSaga } from './saga';
import { sagaResponse } from './view';

const tags: ['sagas'] = ['sagas'];
/** The body of an operator's act on a saga. */
export const because = jsonBody(z.strictObject({ reason }).openapi('OperatorReason'), {
  reason: 'The ledger is available again.',
});

/** What the routes need. */
export interface SagaRouteDeps {
  readonly mediator: Mediator;
  readonly decideStep: DecideStep;
  readonly idempotency: IdempotencyKeys;
}

/** Sagas as operators see and resolve them. */
export function createSagaRoutes({ mediator, decideStep, idempotency }: SagaRouteDeps): OpenAPIHono<HttpEnv> {
  const routes = createRouter();

  routes.openapi(
    apiRoute('/sagas/{saga_id}', {
      method: 'get',
      tags,
      operationId: 'getSaga',
      summary: 'Read a saga with its steps',
      request: { params: z.object({ saga_id: sagaId }) },
      responses: { 200: json(sagaResponse, 'The saga') },
      refusals: ['forbidden', 'saga_not_found'],
    }),
    async (c) => c.json(await mediator.send(getSaga(c.req.valid('param')), sendOptions(c)), 200),
  );

  routes.openapi(
    apiRoute('/sagas', {
      method: 'get',
      tags,
      operationId: 'listSagas',
      summary: 'List sagas, newest first',
      request: { query: sagaFilter },
      responses: { 200: json(listSagas.result, 'A page of sagas') },
      refusals: ['forbidden'],
    }),
    async (c) => c.json(await mediator.send(listSagas(c.req.valid('query')), sendOptions(c)), 200),
  );

  const onStep = {
    params: z.object({ saga_id: sagaId, step: text(50) }),
    headers: idempotencyKey,
    body: because,
  };
  for (const [resolution, operationId, summary] of [
    ['retry', 'retryStep', 'Retry a stuck step now'],
    ['skip', 'skipStep', 'Skip a stuck compensation that was done by other means'],
  ] as const) {
    const path = `/sagas/{saga_id}/steps/{step}/${resolution}` as const;
    routes.openapi(
      apiRoute(path, {
        method: 'post',
        tags,
        operationId,
        summary,
        request: onStep,
        responses: { 200: json(sagaResponse, 'The saga') },
        refusals: ['forbidden', 'saga_not_found', 'step_not_stuck'],
      }),
      async (c) => {
        const command = { ...c.req.valid('param'), ...c.req.valid('json') };
        const key = idempotencyKeyOf(c, `POST ${path}`, command);
        const options = sendOptions(c);
        const { principal } = c.var;
        assertRole(principal, ['operator']);
        const saga = await respondOnce(idempotency, key, async () => {
          const { saga_id, step, reason } = command;
          await mediator.send(findSaga({ saga_id }), options);
          await decideStep(saga_id, resolution, { step, actor: actorId(principal), reason }, key);
          return mediator.send(getSaga({ saga_id }), options);
        });
        return c.json(saga, 200);
      },
    );
  }

  return routes;
}
