import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../../dev/os/child';
import { fromRoot } from '../../../dev/os/files';
import { createTestDatabase, type TestDatabase } from '../../support/database';

/** The command line does its work in the database. */
const addresses = { KAFKA_BROKERS: 'nowhere:1', TEMPORAL_ADDRESS: 'nowhere:1' };
const mug = { sku: 'mug', name: 'Mug', kind: 'goods', price: 1500, currency: 'EUR', stock: 10 };
const vps = { sku: 'vps.s', name: 'VPS', kind: 'service', price: 9900, currency: 'EUR', stock: null };

let db: TestDatabase;
let directory: string;
beforeAll(async () => {
  db = await createTestDatabase();
  directory = await mkdtemp(join(tmpdir(), 'paysaga-products-'));
});
afterEach(() => db.empty('product', 'event', 'outbox', 'audit_log'));
afterAll(async () => {
  await db.close();
  await rm(directory, { recursive: true, force: true });
});

/** The built program, as a shell runs it. */
function paysaga(...args: string[]) {
  const env = { ...process.env, ...addresses, DATABASE_URL: db.url };
  return run(process.execPath, [fromRoot('dist', 'src', 'cli.js'), 'products', ...args], { env });
}

const json = async (...args: string[]): Promise<Record<string, unknown>> =>
  JSON.parse((await paysaga(...args, '--json')).output) as Record<string, unknown>;

async function file(content: string): Promise<string> {
  const path = join(directory, 'catalogue');
  await writeFile(path, content);
  return path;
}

const events = () => db.query('SELECT aggregate_id, version FROM event ORDER BY event_id');

it('sets, lists and shows products, and keeps fields that are not given', async () => {
  expect(await paysaga('ls')).toEqual({ code: 0, output: 'There are no products.\n' });
  const created = await paysaga('set', 'mug', '--name', 'Mug', '--kind', 'goods', '--price', '1500', '--stock', '10');
  expect(created).toEqual({ code: 0, output: 'Created mug: goods, 1500 EUR, stock 10, of which 0 reserved.\n' });
  await db.query('UPDATE product SET reserved = 4');
  const dry = await paysaga('set', 'mug', '--price', '1600', '--stock-change', '-3', '--dry-run');
  expect(dry.output).toBe('Would change mug: goods, 1600 EUR, stock 7, of which 4 reserved.\nNothing was done.\n');
  expect(await json('set', 'mug', '--price', '1600', '--reason', 'dearer', '--actor', 'alice')).toEqual({
    ...mug,
    price: 1600,
    reserved: 4,
    available: 6,
  });
  expect(await db.query('SELECT actor, action, subject, reason FROM audit_log ORDER BY at DESC LIMIT 1')).toEqual([
    { actor: 'cli/alice', action: 'product.put', subject: 'mug', reason: 'dearer' },
  ]);

  expect(await json('show', 'mug')).toMatchObject({ price: 1600, available: 6 });
  expect((await paysaga('show', 'mug')).output).toMatch(/^available: +6$/m);
  const { output } = await paysaga('ls');
  expect(output.split('\n')[1]).toMatch(/^mug +goods +1600 +EUR +10 +4 +6 +Mug$/);
  expect(await json('ls')).toMatchObject({ data: [{ sku: 'mug' }], next_cursor: null });
});

it('imports a file, and has no effect the second time', async () => {
  const path = await file(`${JSON.stringify(mug)}\n${JSON.stringify(vps)}\n`);
  const dry = await paysaga('import', path, '--dry-run');
  expect(dry.output).toBe(
    'Would create mug: goods, 1500 EUR, stock 10, of which 0 reserved.\n' +
      'Would create vps.s: service, 9900 EUR, without limit.\n' +
      '2 new, 0 changed, 0 as before.\nNothing was done.\n',
  );
  expect(await events()).toEqual([]);
  expect(await json('import', path)).toMatchObject({ created: 2, data: [mug, vps] });
  expect(await json('import', path)).toMatchObject({ created: 0, changed: 0, unchanged: 2 });
  expect(await events()).toEqual([
    { aggregate_id: 'mug', version: 1 },
    { aggregate_id: 'vps.s', version: 1 },
  ]);
});

it.each([
  ['a product that is malformed', JSON.stringify([mug, { ...vps, price: -1 }]), 2, 'product 2: price: '],
  ['a stock below what is reserved', JSON.stringify([mug, { ...mug, sku: 'held' }]), 1, 'stock_reserved: '],
])('imports nothing from a file with %s', async (_, content, code, why) => {
  await db.query(`INSERT INTO product VALUES ('held', 'Mug', 'goods', 1500, 'EUR', 20, 11)`);
  const refused = await paysaga('import', await file(content));
  expect(refused.code).toBe(code);
  expect(refused.output).toContain(why);
  expect(refused.output).not.toMatch(/^ {4}at /m);
  expect(await events()).toEqual([]);
});

it.each([
  ['an unknown product', ['show', 'cup'], 1, 'product_not_found'],
  ['a new product without a price', ['set', 'cup', '--name', 'Cup', '--kind', 'goods'], 2, '--price'],
  ['two ways to set the stock', ['set', 'cup', '--stock', '1', '--stock-change', '1'], 2, 'stock-change'],
] as const)('says why it ends: %s', async (_, args, code, why) => {
  const ended = await paysaga(...args);
  expect(ended.code).toBe(code);
  expect(ended.output).toContain(why);
});
