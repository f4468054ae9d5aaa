import { MockActivityEnvironment } from '@temporalio/testing';
import { createReconciliationActivities } from '../../../activities';
import { seedCatalogue } from '../../../dev/stack/prepare';
import { createApplication } from '../../../src/application';
import { closeInvoice } from '../../../src/billing/close-invoice';
import { creditBalance } from '../../../src/billing/credit-balance';
import { placeOrder } from '../../../src/orders/place-order';
import { acceptPayment } from '../../../src/payments/accept-payment';
import { recordCharge, requestCharge } from '../../../src/payments/charges';
import { createProviderChain } from '../../../src/payments/providers/chain';
import type { ProviderChain } from '../../../src/payments/providers/provider';
import { returnPayment } from '../../../src/payments/return-payment';
import { settlePayment } from '../../../src/payments/settle-payment';
import { createMetrics } from '../../../src/platform/metrics';
import { registerReconciliationMetrics } from '../../../src/reconciliation/metrics';
import { listDiscrepancies } from '../../../src/reconciliation/routes';
import { type OrderSagaInput, type ReconciliationRun, statementNames } from '../../../src/temporal-contract';
import { createTestApi } from '../../support/api';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { silentLogger } from '../../support/logger';
import { chargeRequest } from '../../support/payments/charge-request';
import { startTestProvider, testCircuit, type TestProvider } from '../../support/payments/provider';

const PAGE = 3;
const HOUR_MS = 3_600_000;
const config = { window: { text: '90 days', ms: 90 * 24 * HOUR_MS }, grace: { text: '0', ms: 0 } };

let db: TestDatabase;
let provider: TestProvider;
let providers: ProviderChain;
beforeAll(async () => {
  db = await createTestDatabase();
  await seedCatalogue(db.url);
});
beforeEach(async () => {
  provider = await startTestProvider();
  const addCircuit = testCircuit;
  providers = createProviderChain({ config: { providers: [{ name: 'test', url: provider.url }] }, addCircuit });
}, 30_000);
afterEach(async () => {
  await db.empty('reconciliation_difference', 'reconciliation_run', 'orders', 'ledger_transaction', 'event');
  await provider?.stop();
});
afterAll(() => db.close());

const mediator = () => createApplication({ database: db.database, logger: silentLogger });

/** An order that was charged by the provider, as its saga leaves it. */
async function chargedOrder(customer_id = 'cus_1'): Promise<OrderSagaInput> {
  const { send } = mediator();
  const { order_id } = await send(
    placeOrder({
      ...{ customer_id, product_sku: 'vps.s', amount: 9900, currency: 'EUR', quantity: 1 },
      ...{ collection_method: 'charge_automatically', payment_method: 'pm_ok' },
    }),
  );
  const [row] = await db.query<{ input: OrderSagaInput }>('SELECT input FROM saga WHERE order_id = $1', order_id);
  if (!row) throw new Error('No saga was begun.');
  const { saga_id, payment_id, invoice_id, amount, currency, payment_method } = row.input;
  const content = { payment_id, order_id, invoice_id, customer_id, amount, currency };
  const { provider: name, ...request } = await send(requestCharge({ ...content, payment_method, provider: 'test' }));
  const { charge_ref } = await providers.named(name).charge(request);
  await send(recordCharge({ payment_id, charge_ref }));
  const { capture_ref } = await send(closeInvoice({ order_id, invoice_id, payment_id }));
  const { balance_tx_id } = await send(creditBalance({ saga_id, customer_id, amount, currency }));
  await send(settlePayment({ saga_id, payment_id, order_id, invoice_id, capture_ref, balance_tx_id }));
  return row.input;
}

/** A run as the workflow does it. */
async function reconcile(options: Partial<typeof config> & { unread?: string[] } = {}) {
  const { grace = config.grace, window = config.window, unread = [] } = options;
  const activities = createReconciliationActivities({
    mediator: mediator(),
    providers,
    config: { window, grace },
    logger: silentLogger,
    pageSize: PAGE,
  });
  const run = <A extends unknown[], R>(activity: (...args: A) => Promise<R>, ...args: A): Promise<R> =>
    new MockActivityEnvironment().run(activity, ...args) as Promise<R>;
  const begun: ReconciliationRun = await run(activities.beginReconciliation);
  for (const name of begun.providers) {
    if (!unread.includes(name)) await run(activities.copyProviderCharges, { ...begun, provider: name });
  }
  const { run_id } = begun;
  const compared: Record<string, number> = {};
  for (const book of statementNames) compared[book] = (await run(activities.compareBook, { run_id, book })).compared;
  await run(activities.finishReconciliation, { run_id, unread });
  const { data } = await mediator().send(listDiscrepancies({ limit: 200 }));
  return { found: data.map(({ kind, subject }) => `${kind} ${subject}`).sort(), data, compared };
}

/** Changes the ledger as nobody can, past the database's own rules. */
async function forge(sql: string): Promise<void> {
  await db.query('ALTER TABLE ledger_entry DISABLE TRIGGER USER');
  await db.query(sql);
  await db.query('ALTER TABLE ledger_entry ENABLE TRIGGER USER');
}

it('finds no discrepancy in correctly charged orders, page by page', async () => {
  const orders: OrderSagaInput[] = [];
  for (let index = 0; index < 2 * PAGE + 1; index++) orders.push(await chargedOrder(`cus_${index % 5}`));
  const { found, compared } = await reconcile();
  expect(found).toEqual([]);
  expect(compared).toEqual({ charges: 7, payments: 7, orders: 7, customers: 5, transactions: 7 });
  expect(await db.query('SELECT FROM reconciliation_charge')).toEqual([]);
});

it('finds charges and refunds that only the provider or only paysaga knows', async () => {
  const stray = chargeRequest();
  const { charge_ref } = await providers.named('test').charge(stray);
  const [here, there, lost] = [await chargedOrder(), await chargedOrder(), await chargedOrder()];
  await db.query(
    `UPDATE provider_charge SET state = 'refunded', refund_ref = 're_1' WHERE payment_id = $1`,
    here.payment_id,
  );
  await providers.named('test').refund({ ...stray, key: there.payment_id });
  await db.query(`UPDATE provider_charge SET key = 'another' WHERE payment_id = $1`, lost.payment_id);
  await endSagas();

  const books = await provider.books('test');
  const lostCharge = books.charges.find(({ payment_id }) => payment_id === lost.payment_id);
  expect((await reconcile()).found).toEqual(
    [
      `charge_unknown_here test/${charge_ref}`,
      `charge_missing ${here.payment_id}`,
      `refund_unknown_to_provider ${here.payment_id}`,
      `refund_unknown_here ${there.payment_id}`,
      `charge_unknown_to_provider ${lost.payment_id}`,
      // What was taken for it is now nobody's.
      `charge_unknown_here test/${lostCharge?.charge_ref}`,
    ].sort(),
  );
});

/** So that nothing is in motion: the sagas ended, and what was changed was changed, an hour ago. */
async function endSagas(): Promise<void> {
  await db.query(`UPDATE saga SET ended_at = now() - interval '1 hour' WHERE ended_at IS NOT NULL`);
  await db.query(`UPDATE provider_charge SET changed_at = now() - interval '1 hour'`);
}

it('finds a payment without its credit, a credit without its payment, and the balances that follow', async () => {
  const [credited, failed] = [await chargedOrder('cus_a'), await chargedOrder('cus_b')];
  await forge(`UPDATE ledger_entry SET account = 'customer:cus_x' WHERE account = 'customer:cus_a'`);
  await db.query(
    `UPDATE payment SET status = 'FAILED', failure_code = 'lost' WHERE payment_id = $1`,
    failed.payment_id,
  );
  const { found, data } = await reconcile();
  expect(found).toEqual(
    [
      `balance_differs cus_b/EUR`,
      `balance_differs cus_x/EUR`,
      `charge_kept ${failed.payment_id}`,
      `credit_missing ${credited.payment_id}`,
      `credit_unfounded ${failed.payment_id}`,
      `order_unpaid ${failed.order_id}`,
    ].sort(),
  );
  expect(data.find(({ kind }) => kind === 'credit_missing')).toMatchObject({ expected: '9900 EUR', actual: '0 EUR' });
});

it('finds a payment id with two contents within the window', async () => {
  const { order_id, invoice_id, customer_id, payment_id, currency } = await chargedOrder();
  const notice = { order_id, invoice_id, customer_id, payment_id, currency, amount: 1 };
  expect(await mediator().send(acceptPayment(notice))).toMatchObject({ code: 'payment_conflict' });
  await endSagas();
  const { found, data } = await reconcile();
  expect(found).toEqual([`payment_conflicted ${payment_id}`]);
  expect(data).toMatchObject([{ expected: '9900 EUR', actual: '1 EUR', detail: expect.stringContaining(order_id) }]);
  expect((await reconcile({ window: { text: '0', ms: 0 } })).found).toEqual([]);
});

it('finds a refused payment until its money is returned', async () => {
  const paid = await chargedOrder();
  const { order_id, invoice_id, customer_id, amount, currency } = paid;
  const again = { order_id, invoice_id, customer_id, amount, currency, payment_id: 'pay_again' };
  expect(await mediator().send(acceptPayment(again))).toMatchObject({ state: 'refused', code: 'order_not_payable' });
  await endSagas();
  const { found, data } = await reconcile();
  expect(found).toEqual(['payment_refused pay_again']);
  expect(data).toMatchObject([{ expected: '0 EUR', actual: '9900 EUR', detail: expect.stringContaining('order_not') }]);
  expect((await reconcile({ window: { text: '0', ms: 0 } })).found).toEqual([]);

  const note = { reference: 'bank-1', reason: 'Paid twice.' };
  const refused = (payment_id: string) => mediator().send(returnPayment({ payment_id, ...note }));
  await expect(refused(paid.payment_id)).rejects.toMatchObject({ code: 'payment_not_refused' });
  await expect(refused('pay_unknown')).rejects.toMatchObject({ code: 'payment_not_found' });
  expect(await refused('pay_again')).toEqual({ payment_id: 'pay_again', reference: 'bank-1' });
  expect((await reconcile()).found).toEqual([]);
  expect(await db.query(`SELECT subject, reason, details FROM audit_log WHERE action = 'payment.returned'`)).toEqual([
    { subject: 'pay_again', reason: 'Paid twice.', details: { reference: 'bank-1', order_id, amount, currency } },
  ]);
});

it('finds a ledger transaction that does not sum to zero, which the database would refuse', async () => {
  await chargedOrder();
  await forge(`UPDATE ledger_entry SET amount = amount - 1 WHERE account = 'provider_clearing'`);
  const [{ id } = { id: '' }] = await db.query<{ id: string }>(
    'SELECT DISTINCT ledger_transaction_id AS id FROM ledger_entry',
  );
  expect((await reconcile()).found).toEqual([`ledger_unbalanced ${id}/EUR`]);
});

it('ignores orders in motion: with a running saga, or changed within the grace time', async () => {
  const order = await chargedOrder();
  await db.query(`UPDATE orders SET status = 'CANCELLED' WHERE order_id = $1`, order.order_id);
  expect((await reconcile({ grace: { text: '1h', ms: HOUR_MS } })).found).toEqual([]);
  await db.query(`UPDATE saga SET state = 'compensating' WHERE order_id = $1`, order.order_id);
  expect((await reconcile()).found).toEqual([]);
  await db.query(`UPDATE saga SET state = 'completed' WHERE order_id = $1`, order.order_id);
  expect((await reconcile()).found).toEqual([`order_overpaid ${order.order_id}`]);
});

it('keeps the time when a discrepancy was first found, and deletes a resolved one', async () => {
  const order = await chargedOrder();
  const become = (status: string) =>
    db.query('UPDATE orders SET status = $2 WHERE order_id = $1', order.order_id, status);
  await become('CANCELLED');
  const [first] = (await reconcile()).data;
  await become('PENDING_PAYMENT');
  const [second] = (await reconcile()).data;
  expect(second).toEqual({ ...first, detail: expect.stringContaining('PENDING_PAYMENT') });
  await become('PAID');
  expect((await reconcile()).found).toEqual([]);
});

it('reports an unread provider, and keeps its discrepancies', async () => {
  const order = await chargedOrder();
  await db.query(`UPDATE provider_charge SET amount = 1 WHERE payment_id = $1`, order.payment_id);
  await endSagas();
  const known = `amount_differs ${order.payment_id}`;
  expect((await reconcile()).found).toEqual([known]);
  await db.query(`UPDATE provider_charge SET amount = 9900 WHERE payment_id = $1`, order.payment_id);
  expect((await reconcile({ unread: ['test'] })).found).toEqual([known, 'provider_not_read test']);
  expect((await reconcile()).found).toEqual([]);
});

it('is listed for operators only, in pages, and counted by a metric', async () => {
  const api = await createTestApi(db.database);
  const read = (query = '') => api.call('GET', `/admin/reconciliation${query}`, { as: 'operator' });
  expect((await read()).body).toEqual({ checked_at: null, data: [], next_cursor: null });

  const orders = [await chargedOrder(), await chargedOrder(), await chargedOrder()];
  await db.query(`UPDATE orders SET status = 'CANCELLED'`);
  await reconcile();
  const first = await read('?limit=2');
  expect(first.body).toMatchObject({ checked_at: expect.stringMatching(/Z$/), next_cursor: expect.any(String) });
  const second = await read(`?limit=2&cursor=${String(first.body?.next_cursor)}`);
  const subjects = [first, second].flatMap(({ body }) => body?.data as { subject: string }[]).map((row) => row.subject);
  expect(subjects.sort()).toEqual(orders.map(({ order_id }) => order_id).sort());
  expect(second.body).toMatchObject({ next_cursor: null });
  expect((await read('?kind=credit_missing')).body).toMatchObject({ data: [] });
  expect((await read('?kind=nonsense')).status).toBe(422);
  expect((await read('?cursor=nonsense')).status).toBe(422);
  expect((await api.call('GET', '/admin/reconciliation', { as: 'service' })).status).toBe(403);
  expect((await api.call('GET', '/admin/reconciliation')).status).toBe(401);

  const metrics = createMetrics();
  registerReconciliationMetrics({ metrics, database: db.database, logger: silentLogger });
  const text = await metrics.render();
  expect(text).toContain('paysaga_reconciliation_differences{kind="order_overpaid"} 3');
  expect(text).toContain('paysaga_reconciliation_differences{kind="credit_missing"} 0');
  expect(text).toMatch(/^paysaga_reconciliation_age_seconds \d/m);
});
