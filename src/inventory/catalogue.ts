import type { Database, Tx } from '../platform/database/database';

/** `price` in minor units of `currency`. */
export interface Product {
  readonly sku: string;
  readonly name: string;
  readonly kind: string;
  readonly price: number;
  readonly currency: string;
}

export interface Catalogue {
  /** @param through the open transaction of a handler that has one: it never waits for a second connection */
  find(sku: string, through?: Tx): Promise<Product | undefined>;
}

const MAX_ENTRIES = 10_000;

/**
 * Reads products through a short memory, so that placing an order costs one statement: a changed price
 * holds for new orders after `ttlMs` at the latest.
 */
export function createCatalogue(database: Database, ttlMs = 1_000): Catalogue {
  const remembered = new Map<string, { readonly until: number; readonly product: Product | undefined }>();

  return {
    async find(sku, through = database) {
      const entry = remembered.get(sku);
      if (entry && entry.until > performance.now()) return entry.product;
      const row = await through.product.findUnique({ where: { sku } });
      const product = row
        ? { sku, name: row.name, kind: row.kind, price: Number(row.price), currency: row.currency }
        : undefined;
      if (remembered.size >= MAX_ENTRIES) remembered.clear();
      remembered.set(sku, { until: performance.now() + ttlMs, product });
      return product;
    },
  };
}
