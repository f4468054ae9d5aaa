import { armFault, disarmFaults } from '../../../testing/faults';
import {
  newClientId,
  type OrderResponse,
  pay,
  placeOrder,
  readBalance,
  readOrderEvents,
  readSaga,
  readSales,
  untilStatus,
} from '../../../testing/shop';
import { type E2eStack, startE2eStack } from '../../support/e2e-stack';

const DEADLINE_MS = 30_000;
const UNSHIPPABLE = { product_sku: 'unshippable', amount: 2_500 };

let stack: E2eStack;
beforeAll(async () => (stack = await startE2eStack()), 60_000);
afterAll(() => stack?.stop());
afterEach(async () => {
  await disarmFaults(stack.operator);
  await stack.checker.holds(DEADLINE_MS);
}, 2 * DEADLINE_MS);

const refundedToday = async () => (await readSales(stack.service)).reduce((sum, day) => sum + day.refunded_amount, 0);
const refunded = (order: OrderResponse, json: object = { reference: 'bank-4711', reason: 'sent back by bank' }) =>
  stack.operator.call<OrderResponse & { code: string }>('POST', `/orders/${order.order_id}/refunded`, { json });

/** Goods that the carrier refuses, paid outside. */
async function refundDue(customer_id = newClientId('cus')): Promise<OrderResponse> {
  const order = await placeOrder(stack.service, { ...UNSHIPPABLE, customer_id });
  expect((await pay(stack.service, order)).status).toBe(200);
  return untilStatus(stack.service, order.order_id, 'REFUND_DUE', DEADLINE_MS);
}

describe('goods', () => {
  it('with a notified payment are allocated, booked and dispatched', async () => {
    const order = await placeOrder(stack.service, { product_sku: 'mug', amount: 1_500 });
    expect((await pay(stack.service, order)).status).toBe(200);
    await untilStatus(stack.service, order.order_id, 'FULFILLED', DEADLINE_MS);
    const bookings = await stack.provider.bookings();
    const [shipment] = await stack.query<{ status: string; booking_ref: string }>(
      'SELECT status, booking_ref FROM shipment WHERE order_id = $1',
      order.order_id,
    );
    expect(shipment?.status).toBe('DONE');
    expect(bookings).toContainEqual(expect.objectContaining({ booking_ref: shipment?.booking_ref }));
  });

  it('that a provider charged and the carrier refuses are refunded by the provider', async () => {
    const customer_id = newClientId('cus');
    const before = await refundedToday();
    const order = await placeOrder(stack.service, {
      ...UNSHIPPABLE,
      customer_id,
      collection_method: 'charge_automatically',
      payment_method: 'pm_ok',
    });
    await untilStatus(stack.service, order.order_id, 'REFUNDED', DEADLINE_MS);
    await stack.checker.holds(DEADLINE_MS);
    expect(await readBalance(stack.service, customer_id)).toBe(0);
    expect(await refundedToday()).toBe(before + 2_500);
    const saga = await readSaga(stack.service, `shipment-${order.order_id}`);
    expect(saga.state).toBe('compensated');
    expect(saga.steps.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'allocate undone',
      'book_carrier undone',
      'dispatch pending',
      'reverse_credit done',
      'refund_payment done',
    ]);
    const { charges } = await stack.provider.books('test');
    expect(charges.filter(({ amount, refunded_amount }) => amount === 2_500 && refunded_amount === 2_500)).toHaveLength(
      1,
    );
  });

  it('with a notified payment that the carrier refuses are refunded by an operator, once', async () => {
    const customer_id = newClientId('cus');
    const order = await refundDue(customer_id);
    expect(await readBalance(stack.service, customer_id)).toBe(0);
    expect(await refunded(order)).toMatchObject({ status: 200, body: { status: 'REFUNDED' } });
    expect(await refunded(order)).toMatchObject({ status: 409, body: { code: 'order_not_refundable' } });
    expect((await readOrderEvents(stack.service, order.order_id)).map(({ type }) => type)).toEqual([
      'order.placed',
      'order.paid',
      'order.refund_due',
      'order.refunded',
    ]);
    const actions = await stack.query('SELECT action, reason FROM audit_log WHERE subject = $1', order.order_id);
    expect(actions).toEqual([{ action: 'order.refunded', reason: 'sent back by bank' }]);
  });

  it('that are out of stock are refunded', async () => {
    const orders = await Promise.all(
      [1, 2].map(() => placeOrder(stack.service, { product_sku: 'last-one', amount: 5_000 })),
    );
    for (const order of orders) expect((await pay(stack.service, order)).status).toBe(200);
    const [first, second] = orders;
    if (!first || !second) throw new Error('Two were ordered.');
    const ends = await Promise.race([
      Promise.all([
        untilStatus(stack.service, first.order_id, 'FULFILLED', DEADLINE_MS),
        untilStatus(stack.service, second.order_id, 'REFUND_DUE', DEADLINE_MS),
      ]),
      Promise.all([
        untilStatus(stack.service, second.order_id, 'FULFILLED', DEADLINE_MS),
        untilStatus(stack.service, first.order_id, 'REFUND_DUE', DEADLINE_MS),
      ]),
    ]);
    expect(ends).toHaveLength(2);
  });

  it('wait while the carrier is away, and are dispatched when it is back', async () => {
    await stack.provider.behave('carrier', 'unavailable');
    const order = await placeOrder(stack.service, { product_sku: 'mug', amount: 1_500 });
    expect((await pay(stack.service, order)).status).toBe(200);
    await untilStatus(stack.service, order.order_id, 'PAID', DEADLINE_MS);
    await stack.provider.behave('carrier', 'normal');
    await untilStatus(stack.service, order.order_id, 'FULFILLED', DEADLINE_MS);
  });

  it('are refunded even if the refund fails for a while', async () => {
    await armFault(stack.operator, 'payments.refund', 'error', 3);
    await armFault(stack.operator, 'ledger.reverse_credit', 'refuse', 2);
    const order = await placeOrder(stack.service, {
      ...UNSHIPPABLE,
      collection_method: 'charge_automatically',
      payment_method: 'pm_ok',
    });
    await untilStatus(stack.service, order.order_id, 'REFUNDED', DEADLINE_MS);
  });
});

describe('POST /orders/{order_id}/refunded', () => {
  it('is refused for an order without a due refund, and for every role but operator', async () => {
    const order = await placeOrder(stack.service);
    expect(await refunded(order)).toMatchObject({ status: 409, body: { code: 'order_not_refundable' } });
    const due = await refundDue();
    const json = { reference: 'bank-1', reason: 'no' };
    expect((await stack.service.call('POST', `/orders/${due.order_id}/refunded`, { json })).status).toBe(403);
    expect((await refunded(due, { reason: 'no reference' })).status).toBe(422);
    expect((await refunded(due)).status).toBe(200);
  });
});
