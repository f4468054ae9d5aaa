import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ProductOfFile, readProducts } from '../../../src/cli/product-file';

const mug = { sku: 'mug', name: 'Mug', kind: 'goods', price: 1500, currency: 'EUR', stock: 10 };
const vps = { sku: 'vps.s', name: 'VPS', kind: 'service', price: 9900, currency: 'EUR', stock: null };

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'paysaga-products-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function products(content: string): ProductOfFile[] {
  const path = join(directory, 'catalogue');
  writeFileSync(path, content);
  return readProducts(path);
}

it.each([
  ['a JSON array', JSON.stringify([mug, vps], null, 2)],
  ['JSON lines', `\ufeff${JSON.stringify(mug)}\n\n${JSON.stringify(vps)}\r\n`],
])('reads %s', (_, content) => {
  expect(products(content)).toEqual([mug, vps]);
});

it.each([
  ['a line that is not JSON', `${JSON.stringify(mug)}\n{`, /line 2 is not JSON/],
  ['an array that does not end', '[', /The file is not JSON/],
  ['an unknown field', JSON.stringify([mug, { ...vps, colour: 1 }]), /^product 2: colour: unknown field$/m],
  ['a SKU that is none', JSON.stringify({ ...mug, sku: 'a mug' }), /^line 1: sku: must be 1 to 64/m],
  ['a change of the stock', JSON.stringify({ ...mug, stock_change: 1 }), /^line 1: stock_change: unknown field$/m],
  ['a line that is no product', 'null', /^line 1: /m],
  ['a product twice', JSON.stringify([mug, mug]), /^product 2: mug is there twice$/m],
  ['nothing in it', ' \n', /has no products/],
  ['no products', '[]', /has no products/],
])('refuses a file with %s', (_, content, why) => {
  expect(() => products(content)).toThrow(why);
});

it('refuses a file that is not there', () => {
  expect(() => readProducts(join(directory, 'nowhere'))).toThrow(/cannot be read/);
});
