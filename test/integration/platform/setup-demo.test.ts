import { createApplication } from '../../../src/application';
import { createAuthenticate } from '../../../src/http/api-keys';
import { setUpDemo } from '../../../src/setup';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { silentLogger } from '../../support/logger';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.close());

async function setUp(): Promise<string[]> {
  const lines: string[] = [];
  const { send } = createApplication({ database: db.database, logger: silentLogger });
  const principal = { role: 'operator', keyId: 'cli/setup' } as const;
  await setUpDemo(
    (message) => send(message, { principal }),
    (line) => void lines.push(line),
  );
  return lines;
}

it('a demo has the catalogue, with its events, and an operator’s key that works', async () => {
  const [made, printed = ''] = await setUp();
  expect(made).toBe('Made the products vps.s, vps.m, mug, last-one, unshippable.');
  const key = printed.replace(/^An operator's key, shown this once: /, '');
  expect(await createAuthenticate(db.database)(key)).toMatchObject({ role: 'operator' });
  expect(await db.query('SELECT sku, price::int, stock, version FROM product ORDER BY price')).toEqual([
    { sku: 'mug', price: 1_500, stock: 1_000_000, version: 1 },
    { sku: 'unshippable', price: 2_500, stock: 1_000_000, version: 1 },
    { sku: 'last-one', price: 5_000, stock: 1, version: 1 },
    { sku: 'vps.s', price: 9_900, stock: null, version: 1 },
    { sku: 'vps.m', price: 19_900, stock: null, version: 1 },
  ]);
  const [events] = await db.query<{ n: number }>(`SELECT count(*)::int AS n FROM event WHERE type = 'product.changed'`);
  expect(events?.n).toBe(5);
  expect(await db.query(`SELECT actor FROM audit_log WHERE action = 'key.create'`)).toEqual([{ actor: 'cli/setup' }]);
});

it('a demo that is set up again changes no product and makes no second key', async () => {
  await db.query(`UPDATE product SET price = 1 WHERE sku = 'mug'`);
  expect(await setUp()).toEqual([
    'The demo catalogue is there.',
    'There is a key already; `paysaga keys create` makes more.',
  ]);
  expect(await db.query(`SELECT price::int FROM product WHERE sku = 'mug'`)).toEqual([{ price: 1 }]);
  expect(await db.query('SELECT count(*)::int AS n FROM api_key')).toEqual([{ n: 1 }]);
});
