import { z } from '@hono/zod-openapi';
import { handle } from '../mediator/handler';
import { defineQuery } from '../mediator/message';
import { Refusal } from '../platform/refusal';
import { sku } from '../platform/schemas';
import { productResponse, toProductResponse } from './product';

/** Reads a product. @throws Refusal `product_not_found` */
export const getProduct = defineQuery({
  name: 'GetProduct',
  input: z.strictObject({ sku }),
  result: productResponse,
  roles: ['customer', 'service', 'operator'],
});

export const getProductHandler = handle(getProduct, async ({ sku }, { database }) => {
  const row = await database.product.findUnique({ where: { sku } });
  if (!row) throw new Refusal('product_not_found', `There is no product ${sku}; GET /products lists them.`);
  return toProductResponse(row);
});
