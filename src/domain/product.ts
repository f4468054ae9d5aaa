import { z } from '@hono/zod-openapi';
import type { Aggregate } from '../cqrs/unit-of-work';
import { defineEvent, type EventOf } from '../events/registry';
import { defineTable } from '../platform/database/table';
import { Refusal } from '../platform/refusal';
import { currency, sku, text } from '../platform/schemas';

/** The largest stock. An `integer` column can store twice as much. */
const MAX_STOCK = 1_000_000_000;

const price = z
  .int('must be a whole number of minor units')
  .min(0)
  .max(1_000_000_000_000)
  .openapi({ description: 'The price of one unit, in minor units.', example: 9900 });

/** The kinds of products. Only goods have stock to reserve. */
export const productKind = z.enum(['service', 'goods']);

/** The fields of a product without its stock. */
export const productTerms = { name: text(200), kind: productKind, price, currency };

/** The stock of a product. Null means no limit. */
export const stock = z.int('must be a whole number').min(0).max(MAX_STOCK).nullable();
/** A change of the stock in units, signed. */
export const stockChange = z.int('must be a whole number').min(-MAX_STOCK).max(MAX_STOCK);

/** An event: an operator has changed the product. Shipments change its stock without an event of the product. */
export const productChanged = defineEvent({
  type: 'product.changed',
  dataVersion: 1,
  topic: 'paysaga.product',
  payload: z.object({ sku, ...productTerms, stock }),
});

type ProductEvent = EventOf<typeof productChanged>;
type ProductTerms = Omit<ProductEvent['payload'], 'stock'>;

/** A product: the row of `product`. */
export interface ProductState extends ProductTerms {
  /** The stock, including reserved units. Null means no limit. */
  readonly stock: number | null;
  /** The units that are reserved for orders and not dispatched yet. */
  readonly reserved: number;
  /** 0 for a row that was not written by this service. */
  readonly version: number;
}

/** The state of a product that an operator wants. */
export interface WantedProduct extends ProductTerms {
  /** The new stock. Mutually exclusive with `stock_change`. */
  readonly stock?: number | null | undefined;
  readonly stock_change?: number | undefined;
}

/**
 * Decides how a product changes. Returns no event when the product is already as wanted.
 *
 * @throws Refusal `stock_reserved`, `stock_unlimited`, `stock_too_large`, `kind_fixed`
 */
export function decideProduct(wanted: WantedProduct, product: ProductState | undefined): ProductEvent[] {
  const { sku, name, kind, price, currency } = wanted;
  if (product && product.kind !== kind) {
    const detail = `${sku} is of kind ${product.kind}, which cannot change. Use another SKU.`;
    throw new Refusal('kind_fixed', detail);
  }
  const payload = { sku, name, kind, price, currency, stock: decideStock(wanted, product) };
  if (product && isSame(product, payload)) return [];
  return [{ type: 'product.changed', payload }];
}

function decideStock({ sku, stock, stock_change }: WantedProduct, product: ProductState | undefined): number | null {
  const before = product ? product.stock : 0;
  if (stock_change !== undefined && before === null) {
    throw new Refusal('stock_unlimited', `${sku} has no stock limit to change by ${stock_change}. Set its stock.`);
  }
  const next = stock_change === undefined ? (stock ?? null) : (before ?? 0) + stock_change;
  if (next === null) return null;
  const reserved = product?.reserved ?? 0;
  if (next < reserved) {
    throw new Refusal('stock_reserved', `The stock of ${sku} cannot be ${next}: ${reserved} are reserved.`);
  }
  if (next > MAX_STOCK)
    throw new Refusal('stock_too_large', `The stock of ${sku} would be ${next}, over ${MAX_STOCK}.`);
  return next;
}

const isSame = (product: ProductState, { name, price, currency, stock }: ProductEvent['payload']): boolean =>
  product.name === name && product.price === price && product.currency === currency && product.stock === stock;

/** Applies an event to a product. Reservations are not events of the product. */
export const evolveProduct = (product: ProductState | undefined, { payload }: ProductEvent): ProductState => ({
  ...payload,
  reserved: product?.reserved ?? 0,
  version: (product?.version ?? 0) + 1,
});

/** The product as an aggregate. */
export const productAggregate: Aggregate<ProductState, ProductEvent> = {
  type: 'product',
  table: defineTable('product', 'sku'),
  evolve: evolveProduct,
};

/** A product in responses. */
export const productResponse = z
  .object({
    sku: z.string().openapi({ example: 'vps.s' }),
    name: z.string(),
    kind: productKind,
    price,
    currency,
    stock: z.int().nullable().openapi({ description: 'The stock, including reserved units. Null means no limit.' }),
    reserved: z.int(),
    available: z.int().nullable().openapi({ description: 'The units that can be ordered now. Null means no limit.' }),
  })
  .openapi('Product');

/** A product in responses. */
export type ProductResponse = z.infer<typeof productResponse>;

/** Makes the response from the domain's state or from a row of Prisma. */
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
