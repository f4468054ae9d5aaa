import type { z } from 'zod';
import type { Message } from '../cqrs/message';
import type { productTerms } from '../domain/product';
import { findProduct } from './products';
import { putProduct } from './put-product';

type DemoProduct = { readonly sku: string; readonly stock: number | null } & {
  readonly [Term in Exclude<keyof typeof productTerms, 'currency'>]: z.input<(typeof productTerms)[Term]>;
};

/** The demo products. `last-one` runs out, and the test carrier refuses `unshippable`. */
const DEMO_CATALOGUE: readonly DemoProduct[] = [
  { sku: 'vps.s', name: 'Virtual server, small', kind: 'service', price: 9_900, stock: null },
  { sku: 'vps.m', name: 'Virtual server, medium', kind: 'service', price: 19_900, stock: null },
  { sku: 'mug', name: 'Mug', kind: 'goods', price: 1_500, stock: 1_000_000 },
  { sku: 'last-one', name: 'The last one', kind: 'goods', price: 5_000, stock: 1 },
  { sku: 'unshippable', name: 'Refused by the carrier', kind: 'goods', price: 2_500, stock: 1_000_000 },
];

/**
 * Creates the missing demo products. Existing products are not changed.
 *
 * @param send sends messages as an operator
 * @returns the SKUs of the created products
 */
export async function putDemoCatalogue(send: <Result>(message: Message<Result>) => Promise<Result>): Promise<string[]> {
  const made: string[] = [];
  for (const product of DEMO_CATALOGUE) {
    if (await findProduct(send, product.sku)) continue;
    await send(putProduct({ ...product, currency: 'EUR', reason: 'The demo catalogue.' }));
    made.push(product.sku);
  }
  return made;
}
