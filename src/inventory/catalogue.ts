import type { Database, Tx } from '../platform/database/database';

/** A product of the catalogue. `price` is in minor units of `currency`. */
export interface Product {
  readonly sku: string;
  readonly name: string;
  readonly kind: string;
  readonly price: number;
  readonly currency: string;
}

/** Finds products. */
export interface Catalogue {
  /** Finds a product. @param through the handler's open transaction, so that it needs no second connection */
  find(sku: string, through?: Tx): Promise<Product | undefined>;
}

const MAX_ENTRIES = 10_000;

/**
 * Creates a catalogue that caches products for `ttlMs`, so that placing an order is one statement. A changed price applies
 * to new orders after `ttlMs` at the latest.
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
