import { type OpenAPIHono, z } from '@hono/zod-openapi';
import { apiRoute, idempotencyKey, json, jsonBody, onceOf, sendOptions } from '../http/api-route';
import type { HttpEnv } from '../http/http-env';
import { createRouter } from '../http/router';
import type { Mediator } from '../mediator/mediator';
import { sku } from '../platform/schemas';
import { getProduct } from './get-product';
import { listProducts, productFilter } from './list-products';
import { productResponse } from './product';
import { newProduct, productSku, putProduct } from './put-product';

const tags: ['inventory'] = ['inventory'];

/** Creates the routes of products. */
export function createInventoryRoutes({ mediator }: { mediator: Mediator }): OpenAPIHono<HttpEnv> {
  const routes = createRouter();
  routes.openapi(
    apiRoute('/products', {
      method: 'get',
      tags,
      operationId: 'listProducts',
      summary: 'List the catalogue, by SKU',
      request: { query: productFilter },
      responses: { 200: json(listProducts.result, 'A page of products') },
    }),
    async (c) => c.json(await mediator.send(listProducts(c.req.valid('query')), sendOptions(c)), 200),
  );

  routes.openapi(
    apiRoute('/products/{product_sku}', {
      method: 'get',
      tags,
      operationId: 'getProduct',
      summary: 'Read a product',
      request: { params: z.object({ product_sku: sku }) },
      responses: { 200: json(productResponse, 'The product') },
      refusals: ['product_not_found'],
    }),
    async (c) =>
      c.json(await mediator.send(getProduct({ sku: c.req.valid('param').product_sku }), sendOptions(c)), 200),
  );

  routes.openapi(
    apiRoute('/products/{product_sku}', {
      method: 'put',
      tags,
      operationId: 'putProduct',
      summary: 'Create or change a product; placed orders keep their price',
      request: {
        params: z.object({ product_sku: productSku }),
        headers: idempotencyKey,
        body: jsonBody(newProduct, { name: 'VPS S', kind: 'service', price: 9900, currency: 'EUR', stock: null }),
      },
      responses: {
        200: json(productResponse, 'Changed, or unchanged'),
        201: json(productResponse, 'Created'),
      },
      refusals: ['forbidden', 'kind_fixed', 'stock_reserved', 'stock_unlimited', 'stock_too_large'],
    }),
    async (c) => {
      const command = { sku: c.req.valid('param').product_sku, ...c.req.valid('json') };
      const options = sendOptions(c, onceOf(c, 'PUT /products/{product_sku}', command));
      const { outcome, product } = await mediator.send(putProduct(command), options);
      return c.json(product, outcome === 'created' ? 201 : 200);
    },
  );
  return routes;
}
