import { type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Mediator } from '../cqrs/mediator';
import { defineQuery, handle, type Message } from '../cqrs/message';
import { productResponse, type ProductResponse, toProductResponse } from '../domain/product';
import { apiRoute, createRouter, json, sendOptions } from '../http/api-route';
import type { HttpEnv } from '../http/problem';
import { Refusal } from '../platform/refusal';
import { pageQuery, sku, text } from '../platform/schemas';
import { decodeCursor, encodeCursor } from '../platform/values';

/** Reads a product. @throws Refusal `product_not_found` */
export const getProduct = defineQuery({
  name: 'GetProduct',
  input: z.strictObject({ sku }),
  result: productResponse,
  roles: ['customer', 'service', 'operator'],
});

/** Handles {@link getProduct}. */
export const getProductHandler = handle(getProduct, async ({ sku }, { database }) => {
  const row = await database.product.findUnique({ where: { sku } });
  if (!row) throw new Refusal('product_not_found', `There is no product ${sku}; GET /products lists them.`);
  return toProductResponse(row);
});

/** Creates the route that reads a product. */
export function createGetProductRoute({ mediator }: { mediator: Mediator }): OpenAPIHono<HttpEnv> {
  const routes = createRouter();
  routes.openapi(
    apiRoute('/products/{product_sku}', {
      method: 'get',
      tags: ['inventory'],
      operationId: 'getProduct',
      summary: 'Read a product',
      request: { params: z.object({ product_sku: sku }) },
      responses: { 200: json(productResponse, 'The product') },
      refusals: ['product_not_found'],
    }),
    async (c) =>
      c.json(await mediator.send(getProduct({ sku: c.req.valid('param').product_sku }), sendOptions(c)), 200),
  );
  return routes;
}

/** Reads a product; `undefined` if there is none. @param send sends messages as any role */
export const findProduct = (
  send: <Result>(message: Message<Result>) => Promise<Result>,
  sku: string,
): Promise<ProductResponse | undefined> =>
  send(getProduct({ sku })).catch((error: unknown) => {
    if (error instanceof Refusal && error.code === 'product_not_found') return undefined;
    throw error;
  });

/** The query of the route. */
const productFilter = z.strictObject(pageQuery);

/** Lists the catalogue, by SKU. */
export const listProducts = defineQuery({
  name: 'ListProducts',
  input: productFilter,
  result: z.object({ data: z.array(productResponse), next_cursor: z.string().nullable() }),
  roles: ['customer', 'service', 'operator'],
});

const position = z.tuple([text(64)]);

/** Handles {@link listProducts}. */
export const listProductsHandler = handle(listProducts, async ({ limit, cursor }, { database }) => {
  const [after] = cursor === undefined ? [] : decodeCursor(cursor, position);
  const products = await database.product.findMany({
    ...(after !== undefined && { where: { sku: { gt: after } } }),
    orderBy: { sku: 'asc' },
    take: limit + 1,
  });
  const page = products.slice(0, limit);
  const last = products.length > limit ? page.at(-1) : undefined;
  return { data: page.map(toProductResponse), next_cursor: last ? encodeCursor([last.sku]) : null };
});

/** Creates the route that lists the catalogue. */
export function createListProductsRoute({ mediator }: { mediator: Mediator }): OpenAPIHono<HttpEnv> {
  const routes = createRouter();
  routes.openapi(
    apiRoute('/products', {
      method: 'get',
      tags: ['inventory'],
      operationId: 'listProducts',
      summary: 'List the catalogue, by SKU',
      request: { query: productFilter },
      responses: { 200: json(listProducts.result, 'A page of products') },
    }),
    async (c) => c.json(await mediator.send(listProducts(c.req.valid('query')), sendOptions(c)), 200),
  );
  return routes;
}
