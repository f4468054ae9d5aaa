import { createApplication } from '../../../src/application';
import { closeInvoice } from '../../../src/billing/close-invoice';
import { creditBalance, reverseCredit } from '../../../src/billing/credit-balance';
import { keyForRequest, keyForStep, keyForCompensation } from '../../../src/cqrs/idempotency';
import type { Mediator } from '../../../src/cqrs/mediator';
import { cancelOrder } from '../../../src/orders/cancel-order';
import { placeOrder } from '../../../src/orders/place-order';
import { acceptPayment } from '../../../src/payments/accept-payment';
import { restartSaga } from '../../../src/payments/restart-saga';
import { settlePayment } from '../../../src/payments/settle-payment';
import { inTransaction } from '../../../src/platform/database/database';
import { Refusal } from '../../../src/platform/refusal';
import { wait } from '../../../src/platform/timing';
import { recordSagaOutcome } from '../../../src/sagas/saga';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { createDeferred } from '../../support/deferred';
import { silentLogger } from '../../support/logger';
import { newOrder } from '../../support/new-order';

let test: TestDatabase;
let mediator: Mediator;

beforeAll(async () => {
  test = await createTestDatabase();
  await test.query(`INSERT INTO product VALUES ('vps.s', 'VPS', 'service', 9900, 'EUR')`);
  mediator = createApplication({ database: test.database, logger: silentLogger });
});
afterAll(() => test.close());

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'accepted',
    (error: unknown) => {
      if (error instanceof Refusal) return error.code;
      throw error;
    },
  );

const eventsOf = (aggregateId: string): Promise<{ type: string; version: number }[]> =>
  test.query('SELECT type, version FROM event WHERE aggregate_id = $1 ORDER BY aggregate_type, version', aggregateId);

async function countOrders(): Promise<number> {
  const [row] = await test.query<{ count: string }>('SELECT count(*) FROM orders');
  return Number(row?.count);
}

let payments = 0;
async function orderWithPayment() {
  const order = await mediator.send(placeOrder(newOrder));
  const { order_id, invoice_id, customer_id, amount, currency } = order;
  const payment_id = `pay_${++payments}`;
  const notice = { order_id, invoice_id, customer_id, amount, currency, payment_id };
  return { order, notice, saga_id: `payment-${payment_id}` };
}

describe('a command', () => {
  it('whose caller has given up while it waited for a lock writes nothing', async () => {
    const order = await mediator.send(placeOrder(newOrder));
    const reached = createDeferred();
    const release = createDeferred();
    const holder = inTransaction(test.database, async (tx) => {
      await tx.$queryRawUnsafe('SELECT 1 FROM orders WHERE order_id = $1 FOR UPDATE', order.order_id);
      reached.resolve();
      await release.promise;
    });
    await reached.promise;
    const deadline = performance.now() + 300;
    const cancelling = mediator.send(cancelOrder({ order_id: order.order_id }), { deadline });
    const outcome = expect(cancelling).rejects.toThrow("after its caller's deadline");
    while (performance.now() <= deadline) await wait(deadline - performance.now() + 1);
    release.resolve();
    await holder;
    await outcome;
    expect(await eventsOf(order.order_id)).toEqual([{ type: 'order.placed', version: 1 }]);
  });

  it('writes state, events and outbox rows together', async () => {
    const order = await mediator.send(placeOrder(newOrder));
    expect(await eventsOf(order.order_id)).toEqual([{ type: 'order.placed', version: 1 }]);
    expect(await eventsOf(order.invoice_id)).toEqual([{ type: 'invoice.issued', version: 1 }]);
    const pending = await test.query(
      'SELECT FROM outbox WHERE aggregate_id IN ($1, $2)',
      order.order_id,
      order.invoice_id,
    );
    expect(pending).toHaveLength(2);
  });

  it('writes nothing when it is refused', async () => {
    const before = await test.query('SELECT (SELECT count(*) FROM event), (SELECT count(*) FROM orders) AS orders');
    expect(await codeOf(mediator.send(placeOrder({ ...newOrder, amount: 1 })))).toBe('price_mismatch');
    expect(await test.query('SELECT (SELECT count(*) FROM event), (SELECT count(*) FROM orders) AS orders')).toEqual(
      before,
    );
  });

  it('is checked for its shape, whoever sends it', async () => {
    expect(await codeOf(mediator.send(placeOrder({ ...newOrder, amount: 99.5 })))).toBe('validation_failed');
  });

  it('is refused to a role that may not send it', async () => {
    const { notice } = await orderWithPayment();
    const principal = { role: 'customer', keyId: 'k', customerId: 'cus_1' } as const;
    expect(await codeOf(mediator.send(acceptPayment(notice), { principal }))).toBe('forbidden');
  });
});

describe('once', () => {
  it('lets 20 parallel clients with one key place one order, and gives all the same answer', async () => {
    const key = keyForRequest('key_1', 'POST /orders', 'parallel', newOrder);
    const before = await countOrders();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, () => mediator.send(placeOrder(newOrder), { idempotencyKey: key })),
    );
    const answers = new Set(
      outcomes.map((outcome) =>
        outcome.status === 'fulfilled' ? JSON.stringify(outcome.value) : (outcome.reason as Refusal).code,
      ),
    );
    answers.delete('request_in_progress');
    expect(answers.size).toBe(1);
    expect(await countOrders()).toBe(before + 1);
  });

  it('refuses another content under the same key', async () => {
    const key = keyForRequest('key_1', 'POST /orders', 'reused', newOrder);
    await mediator.send(placeOrder(newOrder), { idempotencyKey: key });
    const other = { ...newOrder, customer_id: 'cus_2' };
    const reused = keyForRequest('key_1', 'POST /orders', 'reused', other);
    expect(await codeOf(mediator.send(placeOrder(other), { idempotencyKey: reused }))).toBe('idempotency_key_reused');
  });

  it('stores no refusal: the same key works once the request is right', async () => {
    const wrong = { ...newOrder, amount: 1 };
    const key = keyForRequest('key_1', 'POST /orders', 'second-try', wrong);
    expect(await codeOf(mediator.send(placeOrder(wrong), { idempotencyKey: key }))).toBe('price_mismatch');
    const right = keyForRequest('key_1', 'POST /orders', 'second-try', newOrder);
    expect(await codeOf(mediator.send(placeOrder(newOrder), { idempotencyKey: right }))).toBe('accepted');
  });

  it('tells a second caller to come again while the first one runs', async () => {
    const { order } = await orderWithPayment();
    const cancel = cancelOrder({ order_id: order.order_id });
    const key = keyForRequest('key_1', 'cancel', 'slow', {});
    await test.query('BEGIN');
    await test.query(`INSERT INTO idempotency_key (scope, key, expires_at) VALUES ($1, 'slow', now())`, key.scope);
    expect(await codeOf(mediator.send(cancel, { idempotencyKey: key }))).toBe('request_in_progress');
    await test.query('ROLLBACK');
    expect(await codeOf(mediator.send(cancel, { idempotencyKey: key }))).toBe('accepted');
  });
});

describe('a saga step', () => {
  it('happens once, and a repeat gets the first answer', async () => {
    const { notice, saga_id } = await orderWithPayment();
    await mediator.send(acceptPayment(notice));
    const { order_id, invoice_id, payment_id } = notice;
    const close = closeInvoice({ order_id, invoice_id, payment_id });
    const key = keyForStep(saga_id, 'close_invoice');
    const first = await mediator.send(close, { idempotencyKey: key });
    expect(await mediator.send(close, { idempotencyKey: key })).toEqual(first);
    expect(await eventsOf(invoice_id)).toEqual([
      { type: 'invoice.issued', version: 1 },
      { type: 'invoice.closed', version: 2 },
    ]);
  });

  it('that arrives after its compensation does nothing', async () => {
    const { saga_id } = await orderWithPayment();
    const credit = creditBalance({ saga_id, customer_id: 'cus_late', amount: 9900, currency: 'EUR' });
    expect(
      await mediator.send(reverseCredit({ saga_id }), {
        idempotencyKey: keyForCompensation(saga_id, 'credit_balance'),
      }),
    ).toBeNull();
    expect(await codeOf(mediator.send(credit, { idempotencyKey: keyForStep(saga_id, 'credit_balance') }))).toBe(
      'step_undone',
    );
    expect(await test.query(`SELECT FROM ledger_entry WHERE account = 'customer:cus_late'`)).toHaveLength(0);
  });

  it('is undone by a new ledger transaction, once', async () => {
    const { saga_id } = await orderWithPayment();
    const credit = creditBalance({ saga_id, customer_id: 'cus_undo', amount: 9900, currency: 'EUR' });
    await mediator.send(credit, { idempotencyKey: keyForStep(saga_id, 'credit_balance') });
    const key = keyForCompensation(saga_id, 'credit_balance');
    await mediator.send(reverseCredit({ saga_id }), { idempotencyKey: key });
    await mediator.send(reverseCredit({ saga_id }), { idempotencyKey: key });
    const entries = await test.query<{ amount: string }>(
      `SELECT amount FROM ledger_entry WHERE account = 'customer:cus_undo' ORDER BY amount`,
    );
    expect(entries.map(({ amount }) => Number(amount))).toEqual([-9900, 9900]);
  });
});

describe('a payment', () => {
  it('that 10 notices bring at once begins one saga', async () => {
    const { notice, saga_id } = await orderWithPayment();
    const accepted = await Promise.all(Array.from({ length: 10 }, () => mediator.send(acceptPayment(notice))));
    expect(new Set(accepted.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(accepted[0]).toMatchObject({ state: 'running', saga_id });
  });

  it('of the wrong amount is recorded as failed, and moves no money', async () => {
    const { notice, saga_id } = await orderWithPayment();
    const over = { ...notice, amount: notice.amount + 1 };
    expect(await mediator.send(acceptPayment(over))).toMatchObject({ state: 'refused', code: 'amount_mismatch' });
    expect(await mediator.send(acceptPayment(over))).toMatchObject({ state: 'refused', code: 'amount_mismatch' });
    expect(await mediator.send(acceptPayment(notice))).toMatchObject({ state: 'refused', code: 'payment_conflict' });
    expect(await eventsOf(notice.payment_id)).toEqual([
      { type: 'payment.requested', version: 1 },
      { type: 'payment.failed', version: 2 },
      { type: 'payment.conflicted', version: 3 },
    ]);
    expect(await test.query('SELECT FROM saga WHERE saga_id = $1', saga_id)).toHaveLength(0);
  });

  it.each([
    ['an unknown order', { order_id: 'ord_x' }, 'order_not_found'],
    ['another order’s invoice', { invoice_id: 'inv_x' }, 'invoice_not_found'],
    ['another customer', { customer_id: 'cus_x' }, 'order_not_found'],
  ])('for %s is not found', async (_name, difference, code) => {
    const { notice } = await orderWithPayment();
    expect(await codeOf(mediator.send(acceptPayment({ ...notice, ...difference })))).toBe(code);
  });

  it('and one that was begun again share no saga, however their ids end', async () => {
    const again = async (saga_id: string) => {
      const failure = { failed_step: 'settle', code: 'refused', detail: 'refused' };
      await mediator.send(recordSagaOutcome({ saga_id, state: 'compensated', failure }));
      return mediator.send(restartSaga({ saga_id, reason: 'its cause is gone' }));
    };
    const [one, other] = [await orderWithPayment(), await orderWithPayment()];
    await mediator.send(acceptPayment(one.notice));
    expect(await again(one.saga_id)).toMatchObject({ saga_id: `${one.saga_id}-2` });

    const notice = { ...other.notice, payment_id: `${one.notice.payment_id}-2` };
    expect(await mediator.send(acceptPayment(notice))).toMatchObject({ saga_id: `${one.saga_id}-2-2` });
    expect(await again(`${one.saga_id}-2`)).toMatchObject({ saga_id: `${one.saga_id}-3` });
    expect(await again(`${one.saga_id}-2-2`)).toMatchObject({ saga_id: `${one.saga_id}-2-3` });
  });

  it('loses against a cancel that came first, and the order stays cancelled', async () => {
    const { order, notice, saga_id } = await orderWithPayment();
    await mediator.send(acceptPayment(notice));
    const { order_id, invoice_id, payment_id } = notice;
    const { capture_ref } = await mediator.send(closeInvoice({ order_id, invoice_id, payment_id }));
    await mediator.send(cancelOrder({ order_id }));
    const settle = settlePayment({ saga_id, payment_id, order_id, invoice_id, capture_ref, balance_tx_id: 'ltx_x' });
    expect(await codeOf(mediator.send(settle))).toBe('order_not_payable');
    expect(await eventsOf(order.order_id)).toEqual([
      { type: 'order.placed', version: 1 },
      { type: 'order.cancelled', version: 2 },
    ]);
  });
});

describe('the database itself', () => {
  it('refuses a ledger transaction that does not sum to zero', async () => {
    const insert = test.query(
      `WITH t AS (INSERT INTO ledger_transaction VALUES ('ltx_bad', 'payment_credit', 'bad', NULL, now()))
       INSERT INTO ledger_entry VALUES ('ltx_bad', 'customer:x', 5, 'EUR')`,
    );
    await expect(insert).rejects.toThrow(/does not sum to zero/);
  });

  it.each(['UPDATE event SET type = type', 'DELETE FROM event', 'DELETE FROM ledger_entry'])(
    'refuses to change history: %s',
    async (statement) => {
      await expect(test.query(statement)).rejects.toThrow(/append-only/);
    },
  );
});
