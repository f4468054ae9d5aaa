import type { z } from 'zod';
import type { Message } from '../mediator/message';
import { findProduct } from './find-product';
import type { productTerms } from './product';
import { putProduct } from './put-product';

type DemoProduct = { readonly sku: string; readonly stock: number | null } & {
  readonly [Term in Exclude<keyof typeof productTerms, 'currency'>]: z.input<(typeof productTerms)[Term]>;
};

/** Each product has a story: `last-one` runs out, `unshippable` is refused by the test carrier. */
const DEMO_CATALOGUE: readonly DemoProduct[] = [
  { sku: 'vps.s', name: 'Virtual server, small', kind: 'service', price: 9_900, stock: null },
  { sku: 'vps.m', name: 'Virtual server, medium', kind: 'service', price: 19_900, stock: null },
  { sku: 'mug', name: 'Mug', kind: 'goods', price: 1_500, stock: 1_000_000 },
  { sku: 'last-one', name: 'The last one', kind: 'goods', price: 5_000, stock: 1 },
  { sku: 'unshippable', name: 'Refused by the carrier', kind: 'goods', price: 2_500, stock: 1_000_000 },
];

/**
 * Makes the demo products that are missing; those that are there stay as they are.
 *
 * @param send as an operator
 * @returns the SKUs of the products that were made
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
