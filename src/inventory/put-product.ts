import { type OpenAPIHono, z } from '@hono/zod-openapi';
import { NO_REASON, recordAudit } from '../cqrs/audit';
import type { Mediator } from '../cqrs/mediator';
import { defineCommand, defineQuery, handle } from '../cqrs/message';
import { readRow } from '../cqrs/unit-of-work';
import {
  decideProduct,
  productAggregate,
  productResponse,
  type ProductState,
  productTerms,
  stock,
  stockChange,
  toProductResponse,
} from '../domain/product';
import {
  apiRoute,
  createRouter,
  idempotencyKey,
  json,
  jsonBody,
  idempotencyKeyOf,
  sendOptions,
} from '../http/api-route';
import type { HttpEnv } from '../http/problem';
import { reason } from '../platform/schemas';

/** The SKU of a product to create or change. */
export const productSku = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be 1 to 64 characters of A-Z a-z 0-9 . _ -')
  .openapi({ example: 'vps.s' });

const shape = {
  ...productTerms,
  stock: stock.optional().openapi({ description: 'The new stock, including reserved units; null without a limit.' }),
  stock_change: stockChange.optional().openapi({ description: 'The change of the stock, instead of `stock`.' }),
  reason: reason.optional().openapi({ description: 'The reason for the audit.' }),
};
const isOneOfTwo = (product: { stock?: number | null | undefined; stock_change?: number | undefined }): boolean =>
  (product.stock === undefined) !== (product.stock_change === undefined);
const oneOfTwo = { path: ['stock'], error: 'or stock_change is required, but not both' };

/** The body of the request. */
const newProduct = z
  .strictObject(shape)
  .refine(isOneOfTwo, oneOfTwo)
  .openapi('NewProduct', { oneOf: [{ required: ['stock'] }, { required: ['stock_change'] }] });

const input = z.strictObject({ sku: productSku, ...shape }).refine(isOneOfTwo, oneOfTwo);
const result = z.object({ outcome: z.enum(['created', 'changed', 'unchanged']), product: productResponse });
/** The outcome with the product. */
export type PutProductResult = z.infer<typeof result>;

/**
 * Creates or changes a product. Placed orders keep their price.
 *
 * @throws Refusal the refusals of {@link decideProduct}
 */
export const putProduct = defineCommand({ name: 'PutProduct', input, result, roles: ['operator'] });

/** Handles {@link putProduct}. */
export const putProductHandler = handle(putProduct, async ({ reason = NO_REASON, ...wanted }, context) => {
  const before = await context.uow.load(productAggregate, wanted.sku);
  const events = decideProduct(wanted, before);
  if (before && events.length === 0) return { outcome: 'unchanged', product: toProductResponse(before) };
  const product = context.uow.change(productAggregate, before, events);
  const details = { before: before ?? null, after: product };
  recordAudit(context, { action: 'product.put', subject: product.sku, reason, details });
  return { outcome: before ? 'changed' : 'created', product: toProductResponse(product) };
});

/** Returns the result that {@link putProduct} would have now, without writing. */
export const previewProduct = defineQuery({ name: 'PreviewProduct', input, result, roles: ['operator'] });

/** Handles {@link previewProduct}. */
export const previewProductHandler = handle(previewProduct, async (wanted, { database }) => {
  const { table, evolve } = productAggregate;
  const before = await readRow<ProductState>(database, { table, id: wanted.sku });
  const events = decideProduct(wanted, before);
  if (before && events.length === 0) return { outcome: 'unchanged', product: toProductResponse(before) };
  const after = events.reduce<ProductState | undefined>(evolve, before);
  if (!after) throw new Error(`Nothing was decided about the product ${wanted.sku}.`);
  return { outcome: before ? 'changed' : 'created', product: toProductResponse(after) };
});

/** Creates the route that creates or changes a product. */
export function createPutProductRoute({ mediator }: { mediator: Mediator }): OpenAPIHono<HttpEnv> {
  const routes = createRouter();
  routes.openapi(
    apiRoute('/products/{product_sku}', {
      method: 'put',
      tags: ['inventory'],
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
      const options = sendOptions(c, idempotencyKeyOf(c, 'PUT /products/{product_sku}', command));
      const { outcome, product } = await mediator.send(putProduct(command), options);
      return c.json(product, outcome === 'created' ? 201 : 200);
    },
  );
  return routes;
}
