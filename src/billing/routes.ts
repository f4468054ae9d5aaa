import { type OpenAPIHono, z } from '@hono/zod-openapi';
import { apiRoute, json, sendOptions } from '../http/api-route';
import type { HttpEnv } from '../http/http-env';
import { createRouter } from '../http/router';
import type { Mediator } from '../mediator/mediator';
import { clientId } from '../platform/schemas';
import { balanceResponse, getBalance } from './get-balance';

/** Creates the route of the balance. */
export function createBillingRoutes({ mediator }: { mediator: Mediator }): OpenAPIHono<HttpEnv> {
  const routes = createRouter();
  routes.openapi(
    apiRoute('/customers/{customer_id}/balance', {
      method: 'get',
      tags: ['billing'],
      operationId: 'getBalance',
      summary: 'Read the money received for a customer, from the ledger',
      request: { params: z.object({ customer_id: clientId }) },
      responses: { 200: json(balanceResponse, 'Balance per currency') },
      refusals: ['customer_not_found'],
    }),
    async (c) => c.json(await mediator.send(getBalance(c.req.valid('param')), sendOptions(c)), 200),
  );
  return routes;
}
