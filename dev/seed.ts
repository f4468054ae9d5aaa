import { Client } from 'pg';
import { sessionConfig } from '../src/platform/database/session';

interface Product {
  readonly sku: string;
  readonly name: string;
  readonly kind: 'service' | 'goods';
  /** Minor units of EUR. */
  readonly price: number;
  /** Undefined: without limit. */
  readonly stock?: number;
}

/** Each product has a story: `last-one` runs out, `unshippable` is refused by the carrier. */
const CATALOGUE: readonly Product[] = [
  { sku: 'vps.s', name: 'Virtual server, small', kind: 'service', price: 9_900 },
  { sku: 'vps.m', name: 'Virtual server, medium', kind: 'service', price: 19_900 },
  { sku: 'mug', name: 'Mug', kind: 'goods', price: 1_500, stock: 1_000_000 },
  { sku: 'last-one', name: 'The last one', kind: 'goods', price: 5_000, stock: 1 },
  { sku: 'unshippable', name: 'Refused by the carrier', kind: 'goods', price: 2_500, stock: 1_000_000 },
];

/** Puts the development catalogue into a migrated database; products that are there stay as they are. */
export async function seedCatalogue(databaseUrl: string): Promise<void> {
  const client = new Client(sessionConfig({ url: databaseUrl, applicationName: 'paysaga-dev' }));
  await client.connect();
  try {
    await client.query(
      `INSERT INTO product (sku, name, kind, price, currency, stock)
       SELECT sku, name, kind, price, 'EUR', stock
       FROM jsonb_to_recordset($1) AS row (sku text, name text, kind text, price bigint, stock integer)
       ON CONFLICT (sku) DO NOTHING`,
      [JSON.stringify(CATALOGUE)],
    );
  } finally {
    await client.end();
  }
}
