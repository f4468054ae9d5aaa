import { MockActivityEnvironment } from '@temporalio/testing';
import { createUnpaidOrderActivities } from '../../../activities';
import { seedCatalogue } from '../../../dev/stack/prepare';
import { createApplication } from '../../../src/application';
import { closeInvoice } from '../../../src/billing/close-invoice';
import { cancelOrder } from '../../../src/orders/cancel-order';
import type { OrderResponse } from '../../../src/orders/order-response';
import { placeOrder } from '../../../src/orders/place-order';
import { acceptPayment } from '../../../src/payments/accept-payment';
import type { UnpaidReport } from '../../../src/temporal-contract';
import { openConnection } from '../../support/connection';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { silentLogger } from '../../support/logger';
import { newOrder } from '../../support/new-order';

const DAY_MS = 86_400_000;
const timeout = { text: '30 days', ms: 30 * DAY_MS };

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
  await seedCatalogue(db.url);
});
afterEach(() => db.empty('orders', 'event'));
afterAll(() => db.close());

const mediator = () => createApplication({ database: db.database, logger: silentLogger });

/** An order that was placed so many days ago, by the database's clock. */
async function placedDaysAgo(days: number, change: object = {}): Promise<OrderResponse> {
  const order = await mediator().send(placeOrder({ ...newOrder, ...change }));
  await db.query(
    `UPDATE orders SET placed_at = now() - $2::float8 * interval '1 day' WHERE order_id = $1`,
    order.order_id,
    days,
  );
  return order;
}

const payment = ({ order_id, invoice_id, customer_id, amount, currency }: OrderResponse) => ({
  order_id,
  invoice_id,
  customer_id,
  amount,
  currency,
  payment_id: `pay_${order_id}`,
});
const pay = (order: OrderResponse) => mediator().send(acceptPayment(payment(order)));

/** The activity as a worker runs it. */
function sweep(batchSize = 10, environment = new MockActivityEnvironment()): Promise<UnpaidReport> {
  const { cancelUnpaidOrders } = createUnpaidOrderActivities({ mediator: mediator(), timeout, batchSize });
  return environment.run(cancelUnpaidOrders) as Promise<UnpaidReport>;
}

const statusOf = async ({ order_id }: OrderResponse) => {
  const [row] = await db.query<{ status: string; invoice: string }>(
    `SELECT orders.status, invoice.status AS invoice FROM orders JOIN invoice USING (order_id) WHERE order_id = $1`,
    order_id,
  );
  return row && `${row.status} ${row.invoice}`;
};

it('cancels orders that were not paid in time, with their invoices and the reason', async () => {
  const late = await placedDaysAgo(30.01);
  const young = await placedDaysAgo(29.99);
  expect(await sweep()).toEqual({ cancelled: 1, failed: 0 });
  expect(await statusOf(late)).toBe('CANCELLED VOID');
  expect(await statusOf(young)).toBe('PENDING_PAYMENT OPEN');
  const events = await db.query(
    `SELECT type, payload->>'reason' AS reason FROM event WHERE aggregate_id = ANY ($1) AND version = 2 ORDER BY type`,
    [late.order_id, late.invoice_id],
  );
  expect(events).toEqual([
    { type: 'invoice.voided', reason: null },
    { type: 'order.cancelled', reason: 'It was not paid within 30 days.' },
  ]);
  expect(await sweep()).toEqual({ cancelled: 0, failed: 0 });
});

it('does not cancel orders that are charged automatically, cancelled or about to be paid', async () => {
  const charged = await placedDaysAgo(31, { collection_method: 'charge_automatically', payment_method: 'pm_ok' });
  const cancelled = await placedDaysAgo(31);
  await mediator().send(cancelOrder({ order_id: cancelled.order_id }));
  const accepted = await placedDaysAgo(31);
  await pay(accepted);
  const closed = await placedDaysAgo(31);
  await pay(closed);
  const { payment_id, order_id, invoice_id } = payment(closed);
  await mediator().send(closeInvoice({ payment_id, order_id, invoice_id }));
  const stuck = await placedDaysAgo(31);
  await pay(stuck);
  await db.query(`UPDATE saga SET state = 'stuck' WHERE order_id = $1`, stuck.order_id);

  expect(await sweep()).toEqual({ cancelled: 0, failed: 0 });
  for (const order of [charged, accepted, stuck]) expect(await statusOf(order)).toBe('PENDING_PAYMENT OPEN');
  expect(await statusOf(closed)).toBe('PENDING_PAYMENT CLOSED');
});

it('cancels an order whose payment was compensated', async () => {
  const order = await placedDaysAgo(31);
  await pay(order);
  await db.query(`UPDATE saga SET state = 'compensated' WHERE order_id = $1`, order.order_id);
  expect(await sweep()).toEqual({ cancelled: 1, failed: 0 });
});

it('pages through many orders, also when most of a page is not due', async () => {
  const ages = Array.from({ length: 45 }, (_, index) => (index % 3 === 0 ? 31 : 1));
  for (const days of ages) await placedDaysAgo(days);
  expect(await sweep(4)).toEqual({ cancelled: 15, failed: 0 });
});

it('cancels each order once when several workers sweep at once', async () => {
  for (let index = 0; index < 20; index++) await placedDaysAgo(31);
  const reports = await Promise.all([sweep(5), sweep(7), sweep(20)]);
  expect(reports.reduce((sum, { cancelled }) => sum + cancelled, 0)).toBe(20);
  const [{ events } = { events: 0 }] = await db.query<{ events: number }>(
    `SELECT count(*)::int AS events FROM event WHERE type = 'order.cancelled'`,
  );
  expect(events).toBe(20);
});

it('stops between two orders when its worker shuts down, and the next run continues', async () => {
  for (let index = 0; index < 6; index++) await placedDaysAgo(31);
  const environment = new MockActivityEnvironment();
  environment.on('heartbeat', () => environment.cancel('WORKER_SHUTDOWN'));
  expect(await sweep(4, environment)).toEqual({ cancelled: 1, failed: 0 });
  expect(await sweep(4)).toEqual({ cancelled: 5, failed: 0 });
});

it('leaves a locked order to the next run, and cancels the others', async () => {
  const held = await placedDaysAgo(31);
  const other = await placedDaysAgo(31);
  const connection = await openConnection(db.url);
  await connection.query('BEGIN');
  await connection.query('SELECT FROM orders WHERE order_id = $1 FOR UPDATE', held.order_id);
  expect(await sweep()).toEqual({ cancelled: 1, failed: 1 });
  await connection.query('COMMIT');
  await connection.end();
  expect(await statusOf(other)).toBe('CANCELLED VOID');
  expect(await sweep()).toEqual({ cancelled: 1, failed: 0 });
});

it('cancels or accepts a payment of each order, never both', async () => {
  const orders: OrderResponse[] = [];
  for (let index = 0; index < 30; index++) orders.push(await placedDaysAgo(31));
  const [report, ...answers] = await Promise.all([sweep(5), ...orders.map(pay)]);
  const refused = answers.filter(({ state }) => state === 'refused');
  expect(report).toEqual({ cancelled: refused.length, failed: 0 });
  for (const [index, { state }] of answers.entries()) {
    const order = orders[index];
    const status = order && (await statusOf(order));
    expect([state, status]).toEqual(
      state === 'refused' ? ['refused', 'CANCELLED VOID'] : ['running', 'PENDING_PAYMENT OPEN'],
    );
  }
});
