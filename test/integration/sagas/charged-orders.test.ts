import { randomUUID } from 'node:crypto';
import { type ApiAnswer, createTestApi, type TestApi } from '../../support/api';
import { createSteps, type Steps } from '../../support/sagas/steps';

let steps: Steps;
let api: TestApi;
beforeAll(async () => {
  steps = await createSteps(() => []);
  api = await createTestApi(steps.db.database);
});
afterAll(() => steps?.db.close());

const charged = {
  customer_id: 'cus_1',
  product_sku: 'mug',
  amount: 3_000,
  quantity: 2,
  collection_method: 'charge_automatically',
  payment_method: 'pm_ok',
};

const place = (json: object = charged, headers: Record<string, string> = {}): Promise<ApiAnswer> =>
  api.call('POST', '/orders', { as: 'service', json, headers });

const sagasOf = (orderId: unknown) => steps.db.query('SELECT * FROM saga WHERE order_id = $1', orderId);

async function countOrders(): Promise<number> {
  const [row] = await steps.db.query<{ count: number }>('SELECT count(*)::int FROM orders');
  return row?.count ?? 0;
}

it('begins the saga with the complete input', async () => {
  const { status, body } = await place();
  expect(status).toBe(201);
  const order_id = body?.order_id;
  const [saga, ...others] = await sagasOf(order_id);
  expect(others).toEqual([]);
  expect(saga).toMatchObject({
    saga_id: `order-${String(order_id)}`,
    type: 'order',
    state: 'running',
    customer_id: 'cus_1',
    started_at: null,
    input: {
      saga_id: `order-${String(order_id)}`,
      order_id,
      invoice_id: body?.invoice_id,
      customer_id: 'cus_1',
      payment_id: expect.stringMatching(/^pay_/),
      payment_method: 'pm_ok',
      product_sku: 'mug',
      quantity: 2,
      amount: 3_000,
      currency: 'EUR',
    },
  });
});

it('writes order, invoice, events and saga in one transaction', async () => {
  const { body } = await place(charged, { 'idempotency-key': randomUUID() });
  const written = await steps.db.query<{ xmin: string }>(
    `SELECT xmin::text FROM orders WHERE order_id = $1 UNION SELECT xmin::text FROM invoice WHERE order_id = $1
     UNION SELECT xmin::text FROM saga WHERE order_id = $1 UNION SELECT xmin::text FROM event WHERE aggregate_id = $1
     UNION SELECT xmin::text FROM idempotency_key WHERE result->>'order_id' = $1`,
    body?.order_id,
  );
  expect(written).toHaveLength(1);
});

it('writes no order when its saga cannot be written', async () => {
  await steps.db.query(`ALTER TABLE saga ADD CONSTRAINT broken CHECK (customer_id <> 'cus_broken')`);
  const before = await countOrders();
  expect((await place({ ...charged, customer_id: 'cus_broken' })).status).toBe(500);
  expect(await countOrders()).toBe(before);
  await steps.db.query('ALTER TABLE saga DROP CONSTRAINT broken');
});

it('returns the first response for a repeated idempotency key, and begins one saga', async () => {
  const headers = { 'idempotency-key': randomUUID() };
  const first = await place(charged, headers);
  const before = await countOrders();
  const again = await place(charged, headers);
  expect([again.status, again.text, again.headers.get('location')]).toEqual([
    201,
    first.text,
    first.headers.get('location'),
  ]);
  expect(await sagasOf(first.body?.order_id)).toHaveLength(1);
  expect(await countOrders()).toBe(before);
});

it('begins one saga for ten concurrent requests with one key', async () => {
  const before = await countOrders();
  const headers = { 'idempotency-key': randomUUID() };
  const answers = await Promise.all(Array.from({ length: 10 }, () => place(charged, headers)));
  const texts = new Set(answers.filter(({ status }) => status === 201).map(({ text }) => text));
  expect(texts.size).toBe(1);
  expect(await countOrders()).toBe(before + 1);
});

it('begins no saga for an order that is paid by its invoice', async () => {
  const { body } = await place({ customer_id: 'cus_1', product_sku: 'vps.s', amount: 9_900 });
  expect(await sagasOf(body?.order_id)).toEqual([]);
});

it('requires a payment method', async () => {
  expect(await place({ ...charged, payment_method: undefined })).toMatchObject({
    status: 422,
    body: { code: 'validation_failed', errors: [{ pointer: '/payment_method', message: expect.any(String) }] },
  });
});

it('refuses a notified payment', async () => {
  const { body } = await place();
  const { order_id, invoice_id, customer_id, amount } = body ?? {};
  const json = { order_id, invoice_id, customer_id, amount, payment_id: `pay_${randomUUID()}` };
  expect(await api.call('POST', '/invoices/close-after-payment', { as: 'service', json })).toMatchObject({
    status: 409,
    body: { code: 'order_not_payable' },
  });
});
