import { z } from '@hono/zod-openapi';
import { handle } from '../mediator/handler';
import { defineQuery } from '../mediator/message';
import { decodeCursor, encodeCursor } from '../platform/cursor';
import { pageQuery, text } from '../platform/schemas';
import { productResponse, toProductResponse } from './product';

/** The query of the route. */
export const productFilter = z.strictObject(pageQuery);

/** Lists the catalogue, by SKU. */
export const listProducts = defineQuery({
  name: 'ListProducts',
  input: productFilter,
  result: z.object({ data: z.array(productResponse), next_cursor: z.string().nullable() }),
  roles: ['customer', 'service', 'operator'],
});

const position = z.tuple([text(64)]);

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
