import { keyForEvent } from '../../../src/cqrs/idempotency';
import { provisionService } from '../../../src/fulfilment/provision';
import { cancelOrder } from '../../../src/orders/cancel-order';
import type { SagaFailure, ShipmentSagaInput } from '../../../src/temporal-contract';
import { createMemoryProvider } from '../../support/payments/memory-provider';
import { codeOf } from '../../support/refusal-code';
import { createSteps, type Steps } from '../../support/sagas/steps';

const provider = createMemoryProvider({ name: 'first' });
let steps: Steps;
beforeAll(async () => (steps = await createSteps(() => [provider])));
afterAll(() => steps?.db.close());

interface Goods {
  readonly order: string;
  readonly shipment: string;
  readonly reservation: string | null;
}

async function goodsOf({ order_id }: { readonly order_id: string }): Promise<Goods | undefined> {
  const [row] = await steps.db.query<Goods>(
    `SELECT orders.status AS order, shipment.status AS shipment, state AS reservation
     FROM orders JOIN shipment USING (order_id) LEFT JOIN inventory_reservation USING (order_id) WHERE order_id = $1`,
    order_id,
  );
  return row;
}

const stepsOf = ({ saga_id }: ShipmentSagaInput) =>
  steps.db.query('SELECT name, state FROM saga_step WHERE saga_id = $1 ORDER BY started_at', saga_id);

/** How the saga's workflow reports its end. */
const compensated = (saga: { readonly saga_id: string; readonly correlation_id: string }, failure: SagaFailure) =>
  steps.act('recordSagaOutcome', {
    saga_id: saga.saga_id,
    correlation_id: saga.correlation_id,
    state: 'compensated',
    failure,
    sequence: 1,
  });

describe('paid goods', () => {
  it('begin one shipment and its saga for repeated events', async () => {
    const { order_id, ...saga } = await steps.shipment('by provider');
    const { customer_id, product_sku, invoice_id } = saga;
    const again = provisionService({ order_id, customer_id, product_sku, invoice_id });
    await expect(steps.mediator.send(again)).rejects.toThrow();
    const rows = await steps.db.query(
      `SELECT shipment_id, saga_id FROM shipment JOIN saga USING (order_id) WHERE order_id = $1 AND type = 'shipment'`,
      order_id,
    );
    expect(rows).toEqual([{ shipment_id: saga.shipment_id, saga_id: `shipment-${order_id}` }]);
    expect(saga.payment_saga_id).toBe(`order-${order_id}`);
  });

  it('begin one shipment for an event that arrives twice at once', async () => {
    const saga = await steps.charged();
    await steps.act('reserveInventory', saga);
    await steps.act('charge', saga);
    await steps.settle(saga);
    const { order_id, customer_id, product_sku, invoice_id } = saga;
    const ask = provisionService({ order_id, customer_id, product_sku, invoice_id });
    const key = keyForEvent('provisioning', `evt-of-${order_id}`, 'topic/0/1');
    await Promise.allSettled([
      steps.mediator.send(ask, { idempotencyKey: key }),
      steps.mediator.send(ask, { idempotencyKey: key }),
    ]);
    expect(await steps.mediator.send(ask, { idempotencyKey: key })).toBeNull();
    expect(await steps.db.query('SELECT FROM shipment WHERE order_id = $1', order_id)).toHaveLength(1);
  });

  it('are not dispatched before they are allocated', async () => {
    const saga = await steps.shipment('outside');
    await expect(steps.act('dispatchGoods', { ...saga, booking_ref: 'bk_1' })).rejects.toThrow(/no allocated goods/);
    expect(await goodsOf(saga)).toEqual({ order: 'PAID', shipment: 'REQUESTED', reservation: null });
  });

  it('are allocated, booked and dispatched, each once', async () => {
    const saga = await steps.shipment('outside');
    const goThrough = async (): Promise<void> => {
      await steps.act('allocateGoods', saga);
      const { booking_ref } = await steps.act('bookCarrier', saga);
      await steps.act('dispatchGoods', { ...saga, booking_ref });
    };
    await goThrough();
    await goThrough();
    expect(await goodsOf(saga)).toEqual({ order: 'FULFILLED', shipment: 'DONE', reservation: 'DISPATCHED' });
    expect(await stepsOf(saga)).toHaveLength(3);
  });

  it('allocate the reservation of the order saga', async () => {
    const saga = await steps.shipment('by provider');
    expect(await goodsOf(saga)).toMatchObject({ reservation: 'RESERVED' });
    await steps.act('allocateGoods', saga);
    expect(await goodsOf(saga)).toMatchObject({ reservation: 'ALLOCATED' });
  });
});

describe('the compensation of allocate', () => {
  it('releases the order saga’s reservation, even without an allocation, which it prevents', async () => {
    const saga = await steps.shipment('by provider');
    await steps.act('releaseGoods', saga);
    await steps.act('releaseGoods', saga);
    expect(await goodsOf(saga)).toMatchObject({ reservation: 'RELEASED' });
    await expect(steps.act('allocateGoods', saga)).rejects.toMatchObject({ type: 'step_undone', nonRetryable: true });
    expect(await stepsOf(saga)).toEqual([{ name: 'allocate', state: 'undone' }]);
  });

  it('releases nothing for an order without a reservation', async () => {
    const saga = await steps.shipment('outside');
    await steps.act('releaseGoods', saga);
    expect(await goodsOf(saga)).toMatchObject({ reservation: null });
  });
});

describe('the compensation of book_carrier', () => {
  it('sends no request without an intent, and refuses the late attempt', async () => {
    const saga = await steps.shipment('outside');
    await steps.act('cancelBooking', saga);
    await expect(steps.act('bookCarrier', saga)).rejects.toMatchObject({ type: 'step_undone', nonRetryable: true });
  });

  it('cancels a booking once', async () => {
    const saga = await steps.shipment('outside');
    await steps.act('bookCarrier', saga);
    await steps.act('cancelBooking', saga);
    await steps.act('cancelBooking', saga);
    expect(await stepsOf(saga)).toEqual([{ name: 'book_carrier', state: 'undone' }]);
  });

  it('succeeds after the carrier refused the booking', async () => {
    const saga = await steps.shipment('outside', { product_sku: 'unshippable', amount: 2_500 });
    await expect(steps.act('bookCarrier', saga)).rejects.toMatchObject({ type: 'shipment_refused' });
    await steps.act('cancelBooking', saga);
    expect(await stepsOf(saga)).toEqual([{ name: 'book_carrier', state: 'undone' }]);
  });
});

describe('a compensated saga', () => {
  const failure = { failed_step: 'dispatch', code: 'shipment_refused', detail: 'No.' };

  it('fails its shipment in the same transaction', async () => {
    const saga = await steps.shipment('outside');
    await compensated(saga, failure);
    await compensated(saga, failure);
    expect(await goodsOf(saga)).toMatchObject({ shipment: 'FAILED', order: 'PAID' });
  });

  it('cancels its order, voids the invoice and fails the payment', async () => {
    const saga = await steps.charged();
    await steps.act('charge', saga);
    await steps.act('refundCharge', saga);
    await compensated(saga, { ...failure, failed_step: 'settle' });
    expect(await endOf(saga)).toEqual({ order: 'CANCELLED', invoice: 'VOID', payment: 'FAILED' });
  });

  it('ends even if the customer cancelled first', async () => {
    const saga = await steps.charged();
    await steps.mediator.send(cancelOrder({ order_id: saga.order_id }));
    await compensated(saga, { ...failure, failed_step: 'charge' });
    expect(await endOf(saga)).toEqual({ order: 'CANCELLED', invoice: 'VOID', payment: null });
  });

  it('ends even if an operator skipped the compensation of close_invoice', async () => {
    const saga = await steps.charged();
    await steps.act('charge', saga);
    await steps.act('closeInvoice', saga);
    await steps.act('refundCharge', saga);
    await compensated(saga, { ...failure, failed_step: 'settle' });
    expect(await endOf(saga)).toEqual({ order: 'CANCELLED', invoice: 'CLOSED', payment: 'FAILED' });
  });

  async function endOf({ order_id, payment_id }: { readonly order_id: string; readonly payment_id: string }) {
    const [row] = await steps.db.query(
      `SELECT orders.status AS order, invoice.status AS invoice, payment.status AS payment
       FROM orders JOIN invoice USING (order_id) LEFT JOIN payment ON payment.payment_id = $2 WHERE orders.order_id = $1`,
      order_id,
      payment_id,
    );
    return row;
  }
});

it('refuses to cancel a paid order', async () => {
  const { order_id } = await steps.shipment('outside');
  expect(await codeOf(steps.mediator.send(cancelOrder({ order_id })))).toBe('order_not_cancellable');
});
