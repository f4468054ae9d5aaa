import type { OpenAPIHono } from '@hono/zod-openapi';
import { apiRoute, json, sendOptions } from '../http/api-route';
import type { HttpEnv } from '../http/http-env';
import { createRouter } from '../http/router';
import type { Mediator } from '../mediator/mediator';
import { getSales, salesFilter, salesResponse } from './get-sales';

/** Creates the route of the sales. */
export function createAnalyticsRoutes({ mediator }: { mediator: Mediator }): OpenAPIHono<HttpEnv> {
  const routes = createRouter();
  routes.openapi(
    apiRoute('/analytics/sales', {
      method: 'get',
      tags: ['analytics'],
      operationId: 'getSales',
      summary: 'Sales per day and currency, from the event stream',
      request: { query: salesFilter },
      responses: { 200: json(salesResponse, 'Days with sales') },
      refusals: ['forbidden'],
    }),
    async (c) => c.json(await mediator.send(getSales(c.req.valid('query')), sendOptions(c)), 200),
  );
  return routes;
}
