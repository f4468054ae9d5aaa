import type { Database } from '../platform/database/database';

/** `price` in minor units of `currency`. */
export interface Product {
  readonly sku: string;
  readonly name: string;
  readonly kind: string;
  readonly price: number;
  readonly currency: string;
}

export interface Catalogue {
  find(sku: string): Promise<Product | undefined>;
}

const MAX_ENTRIES = 10_000;

/**
 * Reads products through a short memory, so that placing an order costs one statement: a changed price
 * holds for new orders after `ttlMs` at the latest.
 */
export function createCatalogue(database: Database, ttlMs = 1_000): Catalogue {
  const remembered = new Map<string, { readonly until: number; readonly product: Promise<Product | undefined> }>();

  const read = async (sku: string): Promise<Product | undefined> => {
    const row = await database.product.findUnique({ where: { sku } });
    return row ? { sku, name: row.name, kind: row.kind, price: Number(row.price), currency: row.currency } : undefined;
  };

  return {
    find(sku) {
      const now = performance.now();
      const entry = remembered.get(sku);
      if (entry && entry.until > now) return entry.product;
      if (remembered.size >= MAX_ENTRIES) remembered.clear();
      const product = read(sku);
      remembered.set(sku, { until: now + ttlMs, product });
      product.catch(() => remembered.delete(sku));
      return product;
    },
  };
}
