import { armFault, disarmFaults } from '../../../testing/faults';
import {
  newClientId,
  pay,
  payUntilSettled,
  paymentNotification,
  placeOrder,
  readBalance,
  readOrderEvents,
  readSaga,
  readSales,
  untilStatus,
} from '../../../testing/shop';
import { type E2eStack, startE2eStack } from '../../support/e2e-stack';

describe('an order that is paid', () => {
  let stack: E2eStack;
  beforeAll(async () => (stack = await startE2eStack()), 60_000);
  afterAll(() => stack?.stop());
  afterEach(() => disarmFaults(stack.operator));

  it('is settled, told to others, provisioned and counted', async () => {
    const order = await placeOrder(stack.service);
    const payment_id = newClientId('pay');
    const paid = await payUntilSettled(stack.service, order, { payment_id }, 30_000);
    expect(paid).toMatchObject({
      status: 200,
      body: {
        status: 'ok',
        capture_ref: expect.stringMatching(/^cap_/),
        balance_tx_id: expect.stringMatching(/^ltx_/),
      },
    });
    await untilStatus(stack.service, order.order_id, 'FULFILLED');
    expect(await readBalance(stack.service, order.customer_id)).toBe(order.amount);

    const saga = await readSaga(stack.service, paid.body.saga_id);
    expect(saga).toMatchObject({ type: 'payment', state: 'completed' });
    expect(saga.steps.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'close_invoice done',
      'credit_balance done',
      'settle done',
    ]);
    const { messages } = await stack.checker.holds(20_000);
    const told = messages.filter(({ topic }) => topic === 'invoice_paid.provision_service');
    expect(told.map(({ value }) => JSON.parse(value) as unknown)).toEqual([
      {
        order_id: order.order_id,
        customer_id: order.customer_id,
        product_sku: order.product_sku,
        invoice_id: order.invoice_id,
      },
    ]);
    expect(await readSales(stack.service)).toMatchObject([{ currency: 'EUR', orders: 1, amount: order.amount }]);
    const events = await readOrderEvents(stack.service, order.order_id);
    expect(events.map(({ type, version }) => `${version} ${type}`)).toEqual([
      '1 order.placed',
      '2 order.paid',
      '3 order.fulfilled',
    ]);
  });

  it('answers a repeated payment with the same bytes, and does nothing twice', async () => {
    const order = await placeOrder(stack.service);
    const payment_id = newClientId('pay');
    const first = await payUntilSettled(stack.service, order, { payment_id }, 30_000);
    const repeats = await Promise.all([1, 2, 3].map(() => pay(stack.service, order, { payment_id })));
    expect(repeats.map(({ status, text }) => [status, text])).toEqual(repeats.map(() => [200, first.text]));
    expect(await readBalance(stack.service, order.customer_id)).toBe(order.amount);
  });

  it('answers a repeated order with the same bytes, and refuses another order under its key', async () => {
    const headers = { 'idempotency-key': newClientId('key') };
    const json = { customer_id: newClientId('cus'), product_sku: 'vps.s', amount: 9900 };
    const first = await stack.service.call('POST', '/orders', { json, headers });
    const again = await stack.service.call('POST', '/orders', { json, headers });
    expect([again.status, again.text]).toEqual([201, first.text]);
    const other = await stack.service.call('POST', '/orders', {
      json: { ...json, quantity: 2, amount: 19800 },
      headers,
    });
    expect(other).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
  });

  it('refuses a second payment, another content under the same id, and a wrong amount', async () => {
    const order = await placeOrder(stack.service);
    const payment_id = newClientId('pay');
    expect(await pay(stack.service, order, { amount: order.amount - 1 })).toMatchObject({
      status: 422,
      body: { code: 'amount_mismatch' },
    });
    await payUntilSettled(stack.service, order, { payment_id }, 30_000);
    expect(await pay(stack.service, order)).toMatchObject({ status: 409, body: { code: 'invoice_already_paid' } });
    const other = await stack.service.call('POST', '/invoices/close-after-payment', {
      json: { ...paymentNotification(order, { payment_id }), amount: 1 },
    });
    expect(other).toMatchObject({ status: 409, body: { code: 'payment_conflict' } });
    expect(await readBalance(stack.service, order.customer_id)).toBe(order.amount);
  });

  it('takes no payment after it was cancelled', async () => {
    const order = await placeOrder(stack.service);
    const path = `/orders/${order.order_id}/cancel`;
    const answers = [await stack.service.call('POST', path), await stack.service.call('POST', path)];
    expect(answers).toEqual(answers.map(() => expect.objectContaining({ status: 200 })));
    expect(answers[1]).toMatchObject({ body: { status: 'CANCELLED' } });
    expect(await pay(stack.service, order)).toMatchObject({ status: 409, body: { code: 'order_not_payable' } });
  });

  it('is as before when its payment is refused in the middle: invoice open, no money moved, nothing told', async () => {
    const order = await placeOrder(stack.service);
    await armFault(stack.operator, 'ledger.credit_balance', 'refuse');
    const payment_id = newClientId('pay');
    const refused = await payUntilSettled(stack.service, order, { payment_id }, 30_000);
    expect(refused).toMatchObject({
      status: 409,
      body: { code: 'saga_compensated', failed_step: 'credit_balance', saga_id: `payment-${payment_id}` },
    });
    const again = await pay(stack.service, order, { payment_id });
    expect(again).toMatchObject({ status: 409, body: { ...refused.body, request_id: expect.anything() } });
    expect(await readBalance(stack.service, order.customer_id)).toBe(0);
    expect((await readSaga(stack.service, `payment-${payment_id}`)).state).toBe('compensated');

    const { messages, invoices } = await stack.checker.holds(20_000);
    expect(invoices.find(({ order_id }) => order_id === order.order_id)?.status).toBe('OPEN');
    const told = messages.filter(({ value }) => value.includes(order.order_id)).map(({ headers }) => headers.ce_type);
    expect(told.filter((type) => type?.includes('paid') || type?.includes('captured'))).toEqual([]);

    const another = { payment_id: newClientId('pay') };
    expect(await payUntilSettled(stack.service, order, another, 30_000)).toMatchObject({ status: 200 });
  });

  it('leaves database and topics agreeing', async () => {
    await stack.checker.holds(20_000);
  });
});
