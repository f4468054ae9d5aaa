import type { OpenAPIHono } from '@hono/zod-openapi';
import { apiRoute, json, problems, sendOptions } from '../http/api-route';
import type { HttpEnv } from '../http/http-env';
import { createRouter } from '../http/router';
import type { Mediator } from '../mediator/mediator';
import { listProducts } from './list-products';

export function createInventoryRoutes({ mediator }: { mediator: Mediator }): OpenAPIHono<HttpEnv> {
  const routes = createRouter();
  routes.openapi(
    apiRoute('/products', {
      method: 'get',
      tags: ['inventory'],
      summary: 'The catalogue',
      responses: { 200: json(listProducts.result, 'Every product'), ...problems(401, 503) },
    }),
    async (c) => c.json(await mediator.send(listProducts({}), sendOptions(c)), 200),
  );
  return routes;
}
