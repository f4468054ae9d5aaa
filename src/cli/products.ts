import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  choices,
  jsonOption,
  type JsonOptions,
  optionalReason,
  type PageOptions,
  withActOptions,
  withPageOptions,
} from './options';
import type { PutOptions, SetOptions } from './run/products';

const run = () => import('./run/products.js');

/** Adds `paysaga products` and its commands. */
export function addProductCommands(program: Command): void {
  const products = program.command('products').description('the catalogue: products, their prices and stock');
  withPageOptions(products.command('ls').alias('list').description('list products, by SKU')).action(
    async (options: PageOptions) => (await run()).list(options),
  );
  products
    .command('show')
    .description('show one product')
    .argument('<sku>')
    .addOption(jsonOption())
    .action(async (sku: string, options: JsonOptions) => (await run()).show(sku, options));
  const set = products
    .command('set')
    .description(
      'create or change a product; options that are left out keep their values, and placed orders their price',
    )
    .argument('<sku>')
    .option('--name <text>', 'the name of the product')
    .addOption(new Option('--kind <kind>', 'the kind, which never changes').choices(choices.productKinds))
    .option('--price <n>', 'the price of one, in minor units', wholeNumber)
    .option('--currency <code>', 'the currency; defaults to EUR for a new product')
    .addOption(
      new Option('--stock <n>', 'the new stock, reserved goods included, or `unlimited`')
        .argParser(stockNumber)
        .conflicts('stockChange'),
    )
    .option('--stock-change <n>', 'a change of the stock, such as 20 or -3', wholeNumber);
  withActOptions(set, optionalReason()).action(async (sku: string, options: SetOptions) =>
    (await run()).setProduct(sku, options),
  );
  const importFile = products
    .command('import')
    .description('create or change the products of a file')
    .argument('<file>', 'a JSON array, or a JSON object on each line');
  withActOptions(importFile, optionalReason()).action(async (file: string, options: PutOptions) =>
    (await run()).importProducts(file, options),
  );
}

function wholeNumber(value: string): number {
  if (!/^[+-]?\d{1,15}$/.test(value)) throw new InvalidArgumentError('It is a whole number.');
  return Number(value);
}

const stockNumber = (value: string): number | null => (value === 'unlimited' ? null : wholeNumber(value));
