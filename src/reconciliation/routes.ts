import type { OpenAPIHono } from '@hono/zod-openapi';
import { apiRoute, json, sendOptions } from '../http/api-route';
import type { HttpEnv } from '../http/http-env';
import { createRouter } from '../http/router';
import type { Mediator } from '../mediator/mediator';
import { differenceFilter, listDifferences } from './list-differences';

export function createReconciliationRoutes({ mediator }: { mediator: Mediator }): OpenAPIHono<HttpEnv> {
  const routes = createRouter();
  routes.openapi(
    apiRoute('/admin/reconciliation', {
      method: 'get',
      tags: ['operator'],
      operationId: 'listDiscrepancies',
      summary: 'Where providers, payments, ledger and orders do not agree. Nothing is repaired by itself',
      request: { query: differenceFilter },
      responses: { 200: json(listDifferences.result, 'A page of discrepancies') },
      refusals: ['forbidden'],
    }),
    async (c) => c.json(await mediator.send(listDifferences(c.req.valid('query')), sendOptions(c)), 200),
  );
  return routes;
}
