import { reserve } from '../../../src/inventory/reservations';
import { eventually } from '../../../testing/eventually';
import { type ApiAnswer, type ApiRequest, createTestApi, type TestApi } from '../../support/api';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { newOrder } from '../../support/new-order';

const terms = { name: 'Mug', kind: 'goods', price: 1500, currency: 'EUR' };
const mug = { ...terms, stock: 10 };
/** For which a process remembers a product, and a little more. */
const MEMORY_MS = 1_500;

let db: TestDatabase;
let api: TestApi;
beforeAll(async () => {
  db = await createTestDatabase();
  api = await createTestApi(db.database);
});
afterEach(() => db.empty('product', 'orders', 'event', 'outbox', 'audit_log', 'idempotency_key'));
afterAll(() => db.close());

const put = (sku: string, json: object, request: ApiRequest = {}): Promise<ApiAnswer> =>
  api.call('PUT', `/products/${sku}`, { as: 'operator', json, ...request });
const place = (product: object): Promise<ApiAnswer> =>
  api.call('POST', '/orders', { as: 'service', json: { ...newOrder, product_sku: 'mug', ...product } });
const outcome = ({ status, body }: ApiAnswer): unknown[] => [status, body?.code];
const events = () =>
  db.query<{ version: number; payload: object }>(
    `SELECT type, version, payload, (SELECT count(*)::int FROM outbox WHERE outbox.event_id = event.event_id) AS outbox
     FROM event WHERE aggregate_type = 'product' AND aggregate_id = 'mug' ORDER BY version`,
  );
/** An order that holds so many mugs. */
async function hold(quantity: number): Promise<string> {
  const order_id = await eventually(
    async () => {
      const { status, body } = await place({ amount: 1500 });
      expect(status).toBe(201);
      return String(body?.order_id);
    },
    { deadlineMs: MEMORY_MS },
  );
  const of = { order_id, product_sku: 'mug', quantity };
  expect(await reserve(db.database, of, 'RESERVED', '2026-11-21T09:30:00.000Z')).toBe(true);
  return order_id;
}

it('PUT creates or changes a product with an event, and writes nothing for an unchanged product', async () => {
  const made = await put('mug', mug);
  const view = { sku: 'mug', ...mug, reserved: 0, available: 10 };
  expect([made.status, made.body]).toEqual([201, view]);
  const changed = await put('mug', { ...mug, price: 1600, reason: 'dearer clay' });
  expect([changed.status, changed.body]).toEqual([200, { ...view, price: 1600 }]);
  const same = await put('mug', { ...mug, price: 1600 });
  expect([same.status, same.body]).toEqual([200, { ...view, price: 1600 }]);

  expect(await events()).toEqual([
    { type: 'product.changed', version: 1, payload: { sku: 'mug', ...mug }, outbox: 1 },
    { type: 'product.changed', version: 2, payload: { sku: 'mug', ...mug, price: 1600 }, outbox: 1 },
  ]);
  expect(await db.query('SELECT actor, action, subject, reason FROM audit_log ORDER BY at')).toEqual([
    { actor: api.operatorKeyId, action: 'product.put', subject: 'mug', reason: 'No reason was given.' },
    { actor: api.operatorKeyId, action: 'product.put', subject: 'mug', reason: 'dearer clay' },
  ]);
  expect((await api.call('GET', '/products/mug', { as: 'customer' })).body).toEqual({ ...view, price: 1600 });
  expect(outcome(await api.call('GET', '/products/cup', { as: 'customer' }))).toEqual([404, 'product_not_found']);
});

it('a new price applies to new orders within a second, and to no earlier order', async () => {
  await put('mug', mug);
  const placed = await place({ amount: 1500 });
  expect(placed.status).toBe(201);
  await put('mug', { ...mug, price: 0 });
  await put('mug', { ...mug, price: 1600 });
  const orderOf = async () => {
    const { body } = await api.call('GET', `/orders/${String(placed.body?.order_id)}`, { as: 'service' });
    return body;
  };

  await eventually(async () => expect((await place({ amount: 1600 })).status).toBe(201), { deadlineMs: MEMORY_MS });
  expect(outcome(await place({ amount: 1500 }))).toEqual([422, 'price_mismatch']);
  expect(await orderOf()).toEqual(placed.body);
  expect(await db.query('SELECT DISTINCT amount::int FROM invoice ORDER BY amount')).toEqual([
    { amount: 1500 },
    { amount: 1600 },
  ]);
});

it('stock changes by a difference or absolutely, is unlimited as null, and never falls below the reservations', async () => {
  await put('mug', mug);
  await hold(4);
  const stockAfter = async (change: object) => {
    const { body } = await put('mug', { ...terms, ...change });
    return [body?.stock, body?.reserved, body?.available];
  };
  expect(await stockAfter({ stock_change: 5 })).toEqual([15, 4, 11]);
  expect(await stockAfter({ stock_change: -11 })).toEqual([4, 4, 0]);
  expect(await stockAfter({ stock: null })).toEqual([null, 4, null]);
  expect(outcome(await put('mug', { ...terms, stock_change: 1 }))).toEqual([409, 'stock_unlimited']);
  expect(outcome(await put('mug', { ...terms, stock: 3 }))).toEqual([409, 'stock_reserved']);
  expect(await stockAfter({ stock: 4 })).toEqual([4, 4, 0]);
  const before = await events();
  expect(outcome(await put('mug', { ...terms, stock_change: -1 }))).toEqual([409, 'stock_reserved']);
  expect(outcome(await put('mug', { ...terms, stock_change: 1_000_000_000 }))).toEqual([422, 'stock_too_large']);
  expect(await stockAfter({ stock_change: 0 })).toEqual([4, 4, 0]);
  expect(await events()).toEqual(before);
  expect((await put('cup', { ...terms, stock_change: 7 })).body).toMatchObject({ stock: 7, reserved: 0 });
});

it('concurrent changes and reservations lose nothing, and the event versions have no gap', async () => {
  const made = await Promise.all([1, 2, 3, 4].map(() => put('mug', { ...terms, stock_change: 5 })));
  expect(made.map(({ status }) => status).sort()).toEqual([200, 200, 200, 201]);
  await Promise.all([
    hold(2),
    put('mug', { ...terms, stock_change: 3 }),
    hold(2),
    put('mug', { ...terms, stock_change: -1 }),
  ]);
  expect(await db.query('SELECT stock, reserved, version FROM product')).toEqual([
    { stock: 22, reserved: 4, version: 6 },
  ]);
  expect((await events()).map(({ version }) => version)).toEqual([1, 2, 3, 4, 5, 6]);
});

it('a repeated key returns the first response, and changes nothing twice', async () => {
  const request = { headers: { 'idempotency-key': 'delivery-1' } };
  const first = await put('mug', { ...terms, stock_change: 5 }, request);
  const again = await put('mug', { ...terms, stock_change: 5 }, request);
  expect([again.status, again.text]).toEqual([201, first.text]);
  expect(await events()).toHaveLength(1);
  expect(outcome(await put('mug', { ...terms, stock_change: 6 }, request))).toEqual([422, 'idempotency_key_reused']);
});

it('a product that another program inserted has its first event when it changes', async () => {
  await db.query(`INSERT INTO product (sku, name, kind, price, currency) VALUES ('mug', 'Mug', 'goods', 1500, 'EUR')`);
  expect((await put('mug', { ...mug, stock: null })).status).toBe(200);
  expect(await events()).toEqual([]);
  expect((await put('mug', mug)).status).toBe(200);
  expect(await events()).toMatchObject([{ version: 1, payload: { stock: 10 } }]);
});

it('PUT refuses another kind, malformed input, and every role but operator', async () => {
  await put('mug', mug);
  expect(outcome(await put('mug', { ...mug, kind: 'service' }))).toEqual([409, 'kind_fixed']);
  for (const body of [
    terms,
    { ...mug, stock_change: 1 },
    { ...mug, price: -1 },
    { ...mug, stock: -1 },
    { ...mug, stock: 1.5 },
    { ...mug, currency: 'eur' },
    { ...mug, colour: 'blue' },
  ]) {
    expect(outcome(await put('mug', body))).toEqual([422, 'validation_failed']);
  }
  expect(outcome(await put('a%20mug', mug))).toEqual([422, 'validation_failed']);
  for (const as of ['service', 'customer'] as const) {
    expect(outcome(await put('mug', { ...mug, price: 1 }, { as }))).toEqual([403, 'forbidden']);
  }
  expect(await events()).toHaveLength(1);
});

it('GET /products gives pages by SKU', async () => {
  for (const sku of ['c', 'a', 'b']) await put(sku, mug);
  const page = async (query: string) =>
    JSON.parse((await api.call('GET', `/products${query}`, { as: 'customer' })).text) as Page;
  const first = await page('?limit=2');
  expect(first.data.map(({ sku }) => sku)).toEqual(['a', 'b']);
  expect(await page(`?limit=2&cursor=${first.next_cursor}`)).toEqual({
    data: [{ sku: 'c', ...mug, reserved: 0, available: 10 }],
    next_cursor: null,
  });
});

interface Page {
  readonly data: readonly { readonly sku: string }[];
  readonly next_cursor: string | null;
}
