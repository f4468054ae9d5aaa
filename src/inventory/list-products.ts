import { z } from '@hono/zod-openapi';
import { handle } from '../mediator/handler';
import { defineQuery } from '../mediator/message';
import type { Database } from '../platform/database/database';
import { amount, currency } from '../platform/schemas';

export const productView = z
  .object({
    sku: z.string().openapi({ example: 'vps.s' }),
    name: z.string(),
    kind: z.enum(['service', 'goods']),
    price: amount,
    currency,
    available: z.int().nullable().openapi({ description: 'What can be ordered now; null without a limit.' }),
  })
  .openapi('Product');

export const listProducts = defineQuery({
  name: 'ListProducts',
  input: z.strictObject({}),
  result: z.object({ data: z.array(productView) }),
  roles: ['customer', 'service', 'operator'],
});

export const createListProducts = (database: Database) =>
  handle(listProducts, async () => {
    const products = await database.product.findMany({ orderBy: { sku: 'asc' } });
    const data = products.map(({ sku, name, kind, price, currency, stock, reserved }) => ({
      sku,
      name,
      kind: productView.shape.kind.parse(kind),
      price: Number(price),
      currency,
      available: stock === null ? null : stock - reserved,
    }));
    return { data };
  });
