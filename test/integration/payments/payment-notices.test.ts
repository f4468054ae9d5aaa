import { createApplication } from '../../../src/application';
import { placeOrder } from '../../../src/orders/place-order';
import { acceptPayment } from '../../../src/payments/accept-payment';
import { restartSaga } from '../../../src/payments/restart-saga';
import { newId } from '../../../src/platform/values';
import { recordSagaOutcome } from '../../../src/sagas/saga';
import type { OrderSagaInput, PaymentSagaInput } from '../../../src/temporal-contract';
import { eventually, must } from '../../../testing/eventually';
import { type ApiAnswer, createTestApi, type TestApi } from '../../support/api';
import { silentLogger } from '../../support/logger';
import { createMemoryProvider } from '../../support/payments/memory-provider';
import { createSteps, type Steps } from '../../support/sagas/steps';

const provider = createMemoryProvider({ name: 'first' });
let steps: Steps;
let api: TestApi;
beforeAll(async () => {
  steps = await createSteps(() => [provider]);
  api = await createTestApi(steps.db.database);
});
afterAll(() => steps?.db.close());

type Notice = Parameters<typeof acceptPayment>[0];

/** An order to be paid by its invoice, and the notice that it was. */
async function newNotice(payment_id: string = newId('pay')): Promise<Notice> {
  const goods = { customer_id: 'cus_1', product_sku: 'vps.s', amount: 9_900, currency: 'EUR', quantity: 1 };
  const order = await steps.mediator.send(placeOrder({ ...goods, collection_method: 'send_invoice' }));
  const { order_id, invoice_id, customer_id, amount, currency } = order;
  return { order_id, invoice_id, customer_id, amount, currency, payment_id };
}

const noticeOf = (saga: OrderSagaInput | PaymentSagaInput): Notice => {
  const { order_id, invoice_id, customer_id, amount, currency, payment_id } = saga;
  return { order_id, invoice_id, customer_id, amount, currency, payment_id };
};

const told = (json: Notice): Promise<ApiAnswer> =>
  api.call('POST', '/invoices/close-after-payment', { as: 'service', json });

const refusedWith = (code: string) => ({ status: 409, body: { code } });

/** The payment's status, and what happened to it. */
async function storyOf({ payment_id }: { payment_id: string }): Promise<string> {
  const [row] = await steps.db.query<{ story: string }>(
    `SELECT status || ': ' || (SELECT string_agg(type, ' ' ORDER BY version) FROM event
       WHERE aggregate_type = 'payment' AND aggregate_id = payment_id) AS story
     FROM payment WHERE payment_id = $1`,
    payment_id,
  );
  return row?.story ?? 'unknown';
}

async function orderStatus({ order_id }: { order_id: string }): Promise<string | undefined> {
  const [row] = await steps.db.query<{ status: string }>('SELECT status FROM orders WHERE order_id = $1', order_id);
  return row?.status;
}

describe('a notification of the payment that an order saga makes', () => {
  it('is refused, and fails neither payment nor saga', async () => {
    const saga = await steps.charged();
    await steps.act('reserveInventory', saga);
    await steps.act('charge', saga);
    expect(await told(noticeOf(saga))).toMatchObject(refusedWith('order_not_payable'));
    expect(await storyOf(saga)).toBe('REQUESTED: payment.requested');

    await steps.settle(saga);
    expect(await orderStatus(saga)).toBe('PAID');
    expect(await told(noticeOf(saga))).toMatchObject(refusedWith('order_not_payable'));
    expect(await storyOf(saga)).toBe('CAPTURED: payment.requested payment.captured');
  });

  it('is refused before the saga requests the payment, which the saga still makes', async () => {
    const saga = await steps.charged();
    expect(await told(noticeOf(saga))).toMatchObject(refusedWith('order_not_payable'));
    await steps.act('reserveInventory', saga);
    await steps.act('charge', saga);
    await steps.settle(saga);
    expect(await storyOf(saga)).toBe('CAPTURED: payment.requested payment.failed payment.requested payment.captured');
    expect(await orderStatus(saga)).toBe('PAID');
  });

  it('is recorded with another amount, and the order is still paid', async () => {
    const saga = await steps.charged();
    await steps.act('reserveInventory', saga);
    await steps.act('charge', saga);
    expect(await told({ ...noticeOf(saga), amount: 1 })).toMatchObject(refusedWith('payment_conflict'));
    await steps.settle(saga);
    expect(await storyOf(saga)).toBe('CAPTURED: payment.requested payment.conflicted payment.captured');
    expect(await orderStatus(saga)).toBe('PAID');
  });
});

describe('a payment id with other content', () => {
  const cases: [status: string, before: string, arrange: (notice: Notice) => Promise<unknown>][] = [
    ['REQUESTED', 'payment.requested', (notice) => steps.mediator.send(acceptPayment(notice))],
    [
      'CAPTURED',
      'payment.requested payment.captured',
      async (notice) => {
        await steps.mediator.send(acceptPayment(notice));
        await steps.settle(await steps.sagaOf<PaymentSagaInput>('payment', notice.order_id));
      },
    ],
    [
      'FAILED',
      'payment.requested payment.failed',
      (notice) => steps.mediator.send(acceptPayment({ ...notice, amount: 1 })),
    ],
  ];

  it.each(cases)('is refused and recorded once, and the payment stays %s', async (status, before, arrange) => {
    const notice = await newNotice();
    await arrange(notice);
    const other = { ...notice, amount: notice.amount + 1 };
    for (let time = 0; time < 2; time++) {
      expect(await told(other)).toMatchObject(refusedWith('payment_conflict'));
      expect(await storyOf(notice)).toBe(`${status}: ${before} payment.conflicted`);
    }
    const [recorded] = await steps.db.query<{ payload: unknown; conflict: unknown }>(
      `SELECT payload, conflict FROM event JOIN payment ON payment_id = aggregate_id
       WHERE aggregate_id = $1 AND type = 'payment.conflicted'`,
      notice.payment_id,
    );
    expect(recorded).toEqual({ payload: other, conflict: other });
  });

  it('is recorded again with yet other content', async () => {
    const notice = await newNotice();
    await steps.mediator.send(acceptPayment(notice));
    const elsewhere = await newNotice(notice.payment_id);
    for (const other of [{ ...notice, amount: 1 }, elsewhere, elsewhere]) {
      expect(await told(other)).toMatchObject(refusedWith('payment_conflict'));
    }
    expect(await storyOf(notice)).toBe('REQUESTED: payment.requested payment.conflicted payment.conflicted');
    expect(await orderStatus(elsewhere)).toBe('PENDING_PAYMENT');
  });

  it('is not recorded for an unknown order', async () => {
    const notice = await newNotice();
    await steps.mediator.send(acceptPayment(notice));
    expect(await told({ ...notice, order_id: 'ord_x' })).toMatchObject({ status: 404 });
    expect(await storyOf(notice)).toBe('REQUESTED: payment.requested');
  });
});

describe('two concurrent notifications that cannot see each other', () => {
  /** Lets all of them read, and none of them write, before the first one commits. */
  async function atOnce<Answer>(table: string, asked: readonly (() => Promise<Answer>)[]): Promise<Answer[]> {
    await steps.db.query('BEGIN');
    try {
      await steps.db.query(`LOCK TABLE ${table} IN SHARE MODE`);
      const answers = Promise.all(asked.map((ask) => ask()));
      // Awaited below; a failure before that is no unhandled one.
      answers.catch(() => undefined);
      await eventually(
        async () => {
          const waiting = await steps.db.query(
            `SELECT FROM pg_locks WHERE NOT granted AND relation = $1::regclass
               AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
            table,
          );
          must(waiting.length === asked.length, `${waiting.length} of ${asked.length} wait to write.`);
        },
        { deadlineMs: 1_500, everyMs: 10 },
      );
      await steps.db.query('COMMIT');
      return await answers;
    } finally {
      await steps.db.query('ROLLBACK');
    }
  }

  it('of one new payment for two orders begin one saga, and record one conflict', async () => {
    const one = await newNotice();
    const other = await newNotice(one.payment_id);
    const send = (notice: Notice) => () => steps.mediator.send(acceptPayment(notice));
    const answers = await atOnce('payment', [send(one), send(other)]);
    expect(answers.map((answer) => (answer.state === 'refused' ? answer.code : answer.state)).sort()).toEqual([
      'payment_conflict',
      'running',
    ]);
    expect(await storyOf(one)).toBe('REQUESTED: payment.requested payment.conflicted');
  });

  it('of two new payments whose sagas would share an id begin both sagas, with different ids', async () => {
    const one = await newNotice();
    await steps.mediator.send(acceptPayment(one));
    const saga_id = `payment-${one.payment_id}`;
    const failure = { failed_step: 'settle', code: 'refused', detail: 'refused' };
    await steps.mediator.send(recordSagaOutcome({ saga_id, state: 'compensated', failure }));
    const other = await newNotice(`${one.payment_id}-2`);

    const answers = await atOnce('saga', [
      () => steps.mediator.send(restartSaga({ saga_id, reason: 'its cause is gone' })),
      () => steps.mediator.send(acceptPayment(other)),
    ]);
    const ids = answers.map((answer) => ('saga_id' in answer ? answer.saga_id : 'none'));
    expect([
      [`${saga_id}-2`, `${saga_id}-2-2`],
      [`${saga_id}-3`, `${saga_id}-2`],
    ]).toContainEqual(ids);
  });
});

describe('a restarted payment', () => {
  it('shows its newest saga, even if that was begun by a slow clock', async () => {
    const at = (clock: string) =>
      createApplication({ database: steps.db.database, logger: silentLogger, clock: () => clock });
    const notice = await newNotice();
    const saga_id = `payment-${notice.payment_id}`;
    await at('2026-11-21T12:00:00.000Z').send(acceptPayment(notice));

    const failure = { failed_step: 'settle', code: 'refused', detail: 'refused' };
    let newest = saga_id;
    // As many that the ids, too, are not in the order of their letters.
    for (let attempt = 2; attempt <= 11; attempt++) {
      const behind = at(`2026-11-21T${String(13 - attempt).padStart(2, '0')}:00:00.000Z`);
      await behind.send(recordSagaOutcome({ saga_id: newest, state: 'compensated', failure }));
      const begun = await behind.send(restartSaga({ saga_id: newest, reason: 'its cause is gone' }));
      newest = `${saga_id}-${attempt}`;
      expect(begun).toMatchObject({ saga_id: newest });
      expect(await behind.send(acceptPayment(notice))).toMatchObject({ state: 'running', saga_id: newest });
    }
    const again = at('2026-11-21T00:00:00.000Z').send(restartSaga({ saga_id, reason: 'it was the first' }));
    await expect(again).rejects.toMatchObject({ code: 'saga_not_compensated' });
  });
});
