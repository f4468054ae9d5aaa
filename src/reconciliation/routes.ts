import type { OpenAPIHono } from '@hono/zod-openapi';
import { apiRoute, json, sendOptions } from '../http/api-route';
import type { HttpEnv } from '../http/http-env';
import { createRouter } from '../http/router';
import type { Mediator } from '../mediator/mediator';
import { discrepancyFilter, listDiscrepancies } from './list-differences';

/** Creates the route that lists discrepancies. */
export function createReconciliationRoutes({ mediator }: { mediator: Mediator }): OpenAPIHono<HttpEnv> {
  const routes = createRouter();
  routes.openapi(
    apiRoute('/admin/reconciliation', {
      method: 'get',
      tags: ['operator'],
      operationId: 'listDiscrepancies',
      summary: 'List discrepancies between providers, payments, ledger and orders',
      request: { query: discrepancyFilter },
      responses: { 200: json(listDiscrepancies.result, 'A page of discrepancies') },
      refusals: ['forbidden'],
    }),
    async (c) => c.json(await mediator.send(listDiscrepancies(c.req.valid('query')), sendOptions(c)), 200),
  );
  return routes;
}
