import { z } from '@hono/zod-openapi';
import type { Aggregate } from '../mediator/aggregate';
import { defineTable } from '../platform/database/table';
import { defineEvent, type EventOf } from '../outbox/event-registry';
import { Refusal } from '../platform/refusal';
import { currency, sku, text } from '../platform/schemas';

/** Far below what an `integer` column counts to. */
const MAX_STOCK = 1_000_000_000;

const price = z
  .int('must be a whole number of minor units')
  .min(0)
  .max(1_000_000_000_000)
  .openapi({ description: 'For one, in minor units.', example: 9900 });

export const productKind = z.enum(['service', 'goods']);

/** What is said of a product, beside its stock. */
export const productTerms = { name: text(200), kind: productKind, price, currency };

export const stock = z.int('must be a whole number').min(0).max(MAX_STOCK).nullable();
export const stockChange = z.int('must be a whole number').min(-MAX_STOCK).max(MAX_STOCK);

/** The product as an operator left it. Its stock then moves with each shipment, without an event of the product. */
export const productChanged = defineEvent({
  type: 'product.changed',
  dataVersion: 1,
  topic: 'paysaga.product',
  payload: z.object({ sku, ...productTerms, stock }),
});

type ProductEvent = EventOf<typeof productChanged>;
type ProductTerms = Omit<ProductEvent['payload'], 'stock'>;

/** The row of `product`. */
export interface ProductState extends ProductTerms {
  /** What is in the house, with what is reserved; null without limit. */
  readonly stock: number | null;
  /** What orders hold, and has not left the house. */
  readonly reserved: number;
  /** 0 for a row that was written past the service. */
  readonly version: number;
}

export interface WantedProduct extends ProductTerms {
  /** The new stock, or how much it changes by: one of the two. */
  readonly stock?: number | null | undefined;
  readonly stock_change?: number | undefined;
}

/**
 * Nothing happens when the product is that already.
 *
 * @throws Refusal `stock_reserved`, `stock_unlimited`, `stock_too_large`, `kind_fixed`
 */
export function decideProduct(wanted: WantedProduct, product: ProductState | undefined): ProductEvent[] {
  const { sku, name, kind, price, currency } = wanted;
  if (product && product.kind !== kind) {
    const detail = `${sku} is of kind ${product.kind}, and orders of it are fulfilled as that; take another SKU.`;
    throw new Refusal('kind_fixed', detail);
  }
  const payload = { sku, name, kind, price, currency, stock: decideStock(wanted, product) };
  if (product && isSame(product, payload)) return [];
  return [{ type: 'product.changed', payload }];
}

function decideStock({ sku, stock, stock_change }: WantedProduct, product: ProductState | undefined): number | null {
  const before = product ? product.stock : 0;
  if (stock_change !== undefined && before === null) {
    throw new Refusal('stock_unlimited', `${sku} has no limit that could change by ${stock_change}; set its stock.`);
  }
  const next = stock_change === undefined ? (stock ?? null) : (before ?? 0) + stock_change;
  if (next === null) return null;
  const reserved = product?.reserved ?? 0;
  if (next < reserved) {
    throw new Refusal('stock_reserved', `The stock of ${sku} cannot be ${next}: ${reserved} of it are reserved.`);
  }
  if (next > MAX_STOCK)
    throw new Refusal('stock_too_large', `The stock of ${sku} would be ${next}, over ${MAX_STOCK}.`);
  return next;
}

const isSame = (product: ProductState, { name, price, currency, stock }: ProductEvent['payload']): boolean =>
  product.name === name && product.price === price && product.currency === currency && product.stock === stock;

/** The state after the event. What is reserved is no event of the product. */
export const evolveProduct = (product: ProductState | undefined, { payload }: ProductEvent): ProductState => ({
  ...payload,
  reserved: product?.reserved ?? 0,
  version: (product?.version ?? 0) + 1,
});

export const productAggregate: Aggregate<ProductState, ProductEvent> = {
  type: 'product',
  table: defineTable('product', 'sku'),
  evolve: evolveProduct,
};

/** A product as clients see it. */
export const productResponse = z
  .object({
    sku: z.string().openapi({ example: 'vps.s' }),
    name: z.string(),
    kind: productKind,
    price,
    currency,
    stock: z.int().nullable().openapi({ description: 'With what is reserved; null without a limit.' }),
    reserved: z.int(),
    available: z.int().nullable().openapi({ description: 'What can be ordered now; null without a limit.' }),
  })
  .openapi('Product');

export type ProductResponse = z.infer<typeof productResponse>;

/** From the domain's state, or from a row of Prisma's. */
export const toProductResponse = (
  product: Omit<ProductState, 'price' | 'kind'> & { readonly price: number | bigint; readonly kind: string },
): ProductResponse => ({
  sku: product.sku,
  name: product.name,
  kind: productKind.parse(product.kind),
  price: Number(product.price),
  currency: product.currency,
  stock: product.stock,
  reserved: product.reserved,
  available: product.stock === null ? null : product.stock - product.reserved,
});
