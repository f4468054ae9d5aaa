import { eventually } from '../../../testing/eventually';
import { armDelay, armFault, disarmFaults } from '../../../testing/faults';
import {
  newClientId,
  type OrderRequest,
  type OrderResponse,
  placeOrder,
  readBalance,
  readOrder,
  readSaga,
  type SagaResponse,
  untilStatus,
} from '../../../testing/shop';
import { type E2eStack, startE2eStack } from '../../support/e2e-stack';

const DEADLINE_MS = 30_000;

let stack: E2eStack;
beforeAll(async () => (stack = await startE2eStack()), 60_000);
afterAll(() => stack?.stop());
afterEach(async () => {
  await disarmFaults(stack.operator);
  await stack.checker.holds(DEADLINE_MS);
}, 2 * DEADLINE_MS);

const charged = (order: OrderRequest = {}): Promise<OrderResponse> =>
  placeOrder(stack.service, { collection_method: 'charge_automatically', payment_method: 'pm_ok', ...order });

const sagaOf = ({ order_id }: OrderResponse): Promise<SagaResponse> => readSaga(stack.service, `order-${order_id}`);
const chargesOf = async ({ order_id }: OrderResponse) =>
  stack.query<{ provider: string; state: string }>(
    'SELECT provider, state FROM provider_charge WHERE order_id = $1',
    order_id,
  );
const stockOf = async (sku: string) =>
  (
    await stack.query<{ stock: number; reserved: number }>('SELECT stock, reserved FROM product WHERE sku = $1', sku)
  )[0];

const untilSaga = (order: OrderResponse, state: SagaResponse['state']): Promise<SagaResponse> =>
  eventually(
    async () => {
      const saga = await sagaOf(order);
      expect(saga).toMatchObject({ state });
      return saga;
    },
    { deadlineMs: DEADLINE_MS },
  );

describe('an order that is charged automatically', () => {
  it('is charged, paid and fulfilled', async () => {
    const customer_id = newClientId('cus');
    const order = await charged({ customer_id });
    await untilStatus(stack.service, order.order_id, 'FULFILLED', DEADLINE_MS);
    const saga = await untilSaga(order, 'completed');
    expect(saga.type).toBe('order');
    expect(saga.steps.map(({ name, state, attempts }) => [name, state, attempts])).toEqual([
      ['reserve_inventory', 'done', 1],
      ['charge', 'done', 1],
      ['close_invoice', 'done', 1],
      ['credit_balance', 'done', 1],
      ['settle', 'done', 1],
    ]);
    expect(await readBalance(stack.service, customer_id)).toBe(9_900);
    expect(await chargesOf(order)).toEqual([{ provider: 'test', state: 'charged' }]);
  });

  it.each([
    ['pm_declined', 'payment_declined'],
    ['pm_insufficient_funds', 'insufficient_funds'],
  ])('is cancelled when %s is refused', async (payment_method, code) => {
    const order = await charged({ payment_method });
    await untilStatus(stack.service, order.order_id, 'CANCELLED', DEADLINE_MS);
    const saga = await untilSaga(order, 'compensated');
    expect(saga.steps.find(({ name }) => name === 'charge')).toMatchObject({ error: expect.any(String) });
    const [row] = await stack.query<{ failed_step: string; failure_code: string }>(
      'SELECT failed_step, failure_code FROM saga WHERE saga_id = $1',
      saga.saga_id,
    );
    expect(row).toEqual({ failed_step: 'charge', failure_code: code });
    expect(await chargesOf(order)).toEqual([{ provider: 'test', state: 'refused' }]);
  });

  it.each(['pm_slow', 'pm_timeout_then_ok'])('is charged once by %s', async (payment_method) => {
    const order = await charged({ payment_method });
    await untilStatus(stack.service, order.order_id, 'FULFILLED', DEADLINE_MS);
    await untilSaga(order, 'completed');
  });

  it('is dispatched if it is for goods, and takes them from the stock', async () => {
    const before = await stockOf('mug');
    const order = await charged({ product_sku: 'mug', amount: 4_500, quantity: 3 });
    await untilStatus(stack.service, order.order_id, 'FULFILLED', DEADLINE_MS);
    expect(await stockOf('mug')).toEqual({ stock: (before?.stock ?? 0) - 3, reserved: 0 });
    const shipment = await readSaga(stack.service, `shipment-${order.order_id}`);
    expect(shipment).toMatchObject({ type: 'shipment', state: 'completed' });
    expect(shipment.steps.map(({ name }) => name)).toEqual(['allocate', 'book_carrier', 'dispatch']);
  });

  it('gets the last unit once: one of several orders is fulfilled, the others are cancelled', async () => {
    const orders = await Promise.all(
      Array.from({ length: 4 }, () => charged({ product_sku: 'last-one', amount: 5_000 })),
    );
    const ends = await Promise.all(
      orders.map(({ order_id }) =>
        eventually(
          async () => {
            const { status } = await readOrder(stack.service, order_id);
            expect(['FULFILLED', 'CANCELLED']).toContain(status);
            return status;
          },
          { deadlineMs: DEADLINE_MS },
        ),
      ),
    );
    expect(ends.sort()).toEqual(['CANCELLED', 'CANCELLED', 'CANCELLED', 'FULFILLED']);
    expect(await stockOf('last-one')).toEqual({ stock: 0, reserved: 0 });
  });

  it('is charged at another provider while the circuit of the first is open', async () => {
    await stack.provider.behave('test', 'unavailable');
    const waiting = await charged();
    await eventually(async () => expect((await sagaOf(waiting)).steps[1]?.attempts).toBeGreaterThan(4), {
      deadlineMs: DEADLINE_MS,
    });
    const order = await charged();
    await untilStatus(stack.service, order.order_id, 'FULFILLED', DEADLINE_MS);
    expect(await chargesOf(order)).toEqual([{ provider: 'standby', state: 'charged' }]);
    await stack.provider.behave('test', 'normal');
    await untilStatus(stack.service, waiting.order_id, 'FULFILLED', DEADLINE_MS);
    expect(await chargesOf(waiting)).toEqual([{ provider: 'test', state: 'charged' }]);
  });
});

describe('a cancellation', () => {
  const cancel = ({ order_id }: OrderResponse) =>
    stack.service.call<OrderResponse & { code: string }>('POST', `/orders/${order_id}/cancel`, {
      json: { reason: 'changed my mind' },
    });

  it('before the pivot stops the saga and refunds the charge', async () => {
    await armDelay(stack.operator, 'billing.close_invoice', 3_000);
    const order = await charged({ product_sku: 'mug', amount: 1_500 });
    await eventually(async () => expect(await chargesOf(order)).toEqual([{ provider: 'test', state: 'charged' }]), {
      deadlineMs: DEADLINE_MS,
    });
    expect(await cancel(order)).toMatchObject({ status: 200, body: { status: 'CANCELLED' } });
    await untilSaga(order, 'compensated');
    expect(await chargesOf(order)).toEqual([{ provider: 'test', state: 'refunded' }]);
    expect(await readOrder(stack.service, order.order_id)).toMatchObject({ status: 'CANCELLED' });
  });

  it('during the retries of the charge ends them at once', async () => {
    await armFault(stack.operator, 'payments.charge', 'error', 1_000);
    const order = await charged();
    await eventually(async () => expect((await sagaOf(order)).steps[1]?.attempts).toBeGreaterThan(2), {
      deadlineMs: DEADLINE_MS,
    });
    expect((await cancel(order)).status).toBe(200);
    await untilSaga(order, 'compensated');
    expect(await chargesOf(order)).toEqual([]);
  });

  it('after the pivot is refused', async () => {
    const order = await charged();
    await untilStatus(stack.service, order.order_id, 'FULFILLED', DEADLINE_MS);
    expect(await cancel(order)).toMatchObject({ status: 409, body: { code: 'order_not_cancellable' } });
  });

  it('at any moment leaves the order either paid or cancelled, never both', async () => {
    const orders = await Promise.all(Array.from({ length: 12 }, () => charged({ product_sku: 'mug', amount: 1_500 })));
    const answers = await Promise.all(
      orders.map(async (order, index) => {
        await new Promise((resolve) => setTimeout(resolve, index * 40));
        return cancel(order);
      }),
    );
    const ends = await Promise.all(
      orders.map(({ order_id }, index) =>
        untilStatus(stack.service, order_id, answers[index]?.status === 200 ? 'CANCELLED' : 'FULFILLED', DEADLINE_MS),
      ),
    );
    expect(ends).toHaveLength(12);
  });
});
