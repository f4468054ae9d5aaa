import type { ProductResponse } from '../../domain/product';
import { findProduct, getProduct, listProducts } from '../../inventory/products';
import { previewProduct, putProduct, type PutProductResult } from '../../inventory/put-product';
import { asOperator } from '../operator';
import { type JsonOptions, type OptionalReason, type PageOptions, UsageError } from '../options';
import { fields, say, sayJson, table } from '../output';
import { readProducts } from '../product-file';

/** The options of commands that change products. */
export type PutOptions = OptionalReason;

/** The options of `paysaga products set`. */
export interface SetOptions extends PutOptions {
  readonly name?: string;
  readonly kind?: ProductResponse['kind'];
  readonly price?: number;
  readonly currency?: string;
  readonly stock?: number | null;
  readonly stockChange?: number;
}

/** Prints a page of products. */
export async function list({ json, ...filter }: PageOptions): Promise<void> {
  const page = await asOperator(undefined, (send) => send(listProducts(filter)));
  if (json) return sayJson(page);
  if (page.data.length === 0) return say('There are no products.');
  const rows = page.data.map(({ sku, name, kind, price, currency, stock, reserved, available }) => [
    sku,
    kind,
    price,
    currency,
    stock ?? 'unlimited',
    reserved,
    available ?? 'unlimited',
    name,
  ]);
  say(table(['SKU', 'KIND', 'PRICE', 'CURRENCY', 'STOCK', 'RESERVED', 'AVAILABLE', 'NAME'], rows));
  if (page.next_cursor !== null) say(`\nThere are more: --cursor ${page.next_cursor}`);
}

/** Prints one product. */
export async function show(sku: string, { json }: JsonOptions): Promise<void> {
  const product = await asOperator(undefined, (send) => send(getProduct({ sku })));
  if (json) sayJson(product);
  else say(fields(product));
}

/** Creates or changes a product, or prints the change. Fields without an option stay as they are. */
export async function setProduct(sku: string, options: SetOptions): Promise<void> {
  const { reason, actor, dryRun = false, json } = options;
  const { outcome, product } = await asOperator(actor, async (send) => {
    const wanted = { sku, ...completed(sku, options, await findProduct(send, sku)), reason };
    return send(dryRun ? previewProduct(wanted) : putProduct(wanted));
  });
  if (json) return sayJson(dryRun ? { dry_run: true, outcome, ...product } : product);
  say(`${line({ outcome, product }, dryRun)}${dryRun ? '\nNothing was done.' : ''}`);
}

/**
 * Completes the options with the present values. Without a stock option, a limited stock gets a change of 0, because it may
 * have moved meanwhile.
 */
function completed(sku: string, options: SetOptions, product: ProductResponse | undefined) {
  const { name, kind, price, currency = 'EUR' } = { ...product, ...given(options) };
  if (name === undefined || kind === undefined || price === undefined) {
    throw new UsageError(`There is no product ${sku} yet: it needs --name, --kind and --price.`);
  }
  const terms = { name, kind, price, currency };
  if (options.stockChange !== undefined) return { ...terms, stock_change: options.stockChange };
  if (options.stock !== undefined) return { ...terms, stock: options.stock };
  return product && product.stock !== null ? { ...terms, stock_change: 0 } : { ...terms, stock: null };
}

const given = ({ name, kind, price, currency }: SetOptions) => ({
  ...(name !== undefined && { name }),
  ...(kind !== undefined && { kind }),
  ...(price !== undefined && { price }),
  ...(currency !== undefined && { currency }),
});

/** Creates or changes the products of a file, one command each. All are tried before the first is written. */
export async function importProducts(file: string, { reason, actor, dryRun = false, json }: PutOptions): Promise<void> {
  const products = readProducts(file).map((product) => ({ ...product, reason }));
  const results = await asOperator(actor, async (send) => {
    const previewed: PutProductResult[] = [];
    for (const product of products) previewed.push(await send(previewProduct(product)));
    if (dryRun) return previewed;
    const put: PutProductResult[] = [];
    for (const product of products) put.push(await send(putProduct(product)));
    return put;
  });
  const count = (outcome: PutProductResult['outcome']): number =>
    results.filter((result) => result.outcome === outcome).length;
  const counts = { created: count('created'), changed: count('changed'), unchanged: count('unchanged') };
  if (json)
    return sayJson({ ...(dryRun && { dry_run: true }), ...counts, data: results.map(({ product }) => product) });
  for (const result of results) say(line(result, dryRun));
  say(`${counts.created} new, ${counts.changed} changed, ${counts.unchanged} as before.`);
  if (dryRun) say('Nothing was done.');
}

const DONE = { created: 'Created', changed: 'Changed', unchanged: 'Left' };
const WOULD = { created: 'Would create', changed: 'Would change', unchanged: 'Would leave' };

function line({ outcome, product }: PutProductResult, dryRun: boolean): string {
  const { sku, kind, price, currency, stock, reserved } = product;
  const left = stock === null ? 'without limit' : `stock ${stock}, of which ${reserved} reserved`;
  return `${(dryRun ? WOULD : DONE)[outcome]} ${sku}: ${kind}, ${price} ${currency}, ${left}.`;
}
