import { type Command, InvalidArgumentError, Option } from 'commander';
import { getProduct } from '../inventory/get-product';
import { listProducts } from '../inventory/list-products';
import { productKind, type ProductResponse } from '../inventory/product';
import { previewProduct, putProduct, type PutProductResult } from '../inventory/put-product';
import { Refusal } from '../platform/refusal';
import {
  type ActOptions,
  asOperator,
  jsonOption,
  reasonOption,
  type Send,
  withActOptions,
  withPageOptions,
} from './operator';
import { fields, say, sayJson, table } from './output';
import { readProducts } from './product-file';
import { UsageError } from './usage-error';

interface ListOptions {
  readonly limit: number;
  readonly cursor?: string;
  readonly json?: boolean;
}

type PutOptions = Omit<ActOptions, 'reason'> & { readonly reason?: string };

interface SetOptions extends PutOptions {
  readonly name?: string;
  readonly kind?: ProductResponse['kind'];
  readonly price?: number;
  readonly currency?: string;
  readonly stock?: number | null;
  readonly stockChange?: number;
}

export function addProductCommands(program: Command): void {
  const products = program.command('products').description('the catalogue: products, their prices and stock');
  withPageOptions(products.command('ls').description('list products, by SKU')).action(list);
  products
    .command('show')
    .description('one product')
    .argument('<sku>')
    .addOption(jsonOption())
    .action(async (sku: string, { json }: { json?: boolean }) => {
      const product = await asOperator(undefined, (send) => send(getProduct({ sku })));
      if (json) sayJson(product);
      else say(fields(product));
    });
  const set = products
    .command('set')
    .description('make a product, or change it: what is not given stays as it is; placed orders keep their price')
    .argument('<sku>')
    .option('--name <text>', 'what it is called')
    .addOption(new Option('--kind <kind>', 'fixed once the product is there').choices(productKind.options))
    .option('--price <n>', 'for one, in minor units', wholeNumber)
    .option('--currency <code>', 'EUR for a new product')
    .addOption(
      new Option('--stock <n>', 'how many there are, with what is reserved, or `unlimited`')
        .argParser(stockNumber)
        .conflicts('stockChange'),
    )
    .option('--stock-change <n>', 'by how much the stock changes, such as 20 or -3', wholeNumber);
  withActOptions(set, optionalReason()).action(setProduct);
  const importFile = products
    .command('import')
    .description('make or change the products of a file: a JSON array, or a JSON object on each line')
    .argument('<file>');
  withActOptions(importFile, optionalReason()).action(importProducts);
}

const optionalReason = (): Option => reasonOption().makeOptionMandatory(false);

async function list({ json, ...filter }: ListOptions): Promise<void> {
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

async function setProduct(sku: string, options: SetOptions): Promise<void> {
  const { reason, actor, dryRun = false, json } = options;
  const { outcome, product } = await asOperator(actor, async (send) => {
    const wanted = { sku, ...completed(sku, options, await find(send, sku)), reason };
    return send(dryRun ? previewProduct(wanted) : putProduct(wanted));
  });
  if (json) return sayJson({ dry_run: dryRun, outcome, ...product });
  say(`${line({ outcome, product }, dryRun)}${dryRun ? '\nNothing was done.' : ''}`);
}

const find = (send: Send, sku: string): Promise<ProductResponse | undefined> =>
  send(getProduct({ sku })).catch((error: unknown) => {
    if (error instanceof Refusal && error.code === 'product_not_found') return undefined;
    throw error;
  });

/** What is not given is as it was. A stock with a limit changes by nothing then: it may have moved since. */
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

/** All are tried before the first is written; each is a command. */
async function importProducts(file: string, { reason, actor, dryRun = false, json }: PutOptions): Promise<void> {
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
  if (json) return sayJson({ dry_run: dryRun, ...counts, data: results.map(({ product }) => product) });
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

function wholeNumber(value: string): number {
  if (!/^[+-]?\d{1,15}$/.test(value)) throw new InvalidArgumentError('It is a whole number.');
  return Number(value);
}

const stockNumber = (value: string): number | null => (value === 'unlimited' ? null : wholeNumber(value));
