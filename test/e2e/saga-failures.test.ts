import { eventually } from '../../dev/client/eventually';
import { armDelay, armFault, disarmFaults } from '../../dev/client/faults';
import { placeOrder, readOrder, readSaga, untilStatus } from '../../dev/client/shop';
import type { OrderView } from '../../dev/client/views';
import type { ActivityFaultPoint } from '../../src/platform/faults';
import { type E2eStack, startE2eStack } from '../support/e2e-stack';

const DEADLINE_MS = 60_000;
/** Longer than an attempt may take. */
const TOO_LONG_MS = 6_000;

const orderSteps = [
  ['inventory.reserve', 'reserve_inventory'],
  ['payments.charge', 'charge'],
  ['billing.close_invoice', 'close_invoice'],
  ['ledger.credit_balance', 'credit_balance'],
  ['payments.settle', 'settle'],
] as const;
const shipmentSteps = [
  ['shipping.allocate', 'allocate'],
  ['shipping.book', 'book_carrier'],
  ['shipping.dispatch', 'dispatch'],
] as const;
const orderCompensations = [
  'ledger.reverse_credit',
  'billing.reopen_invoice',
  'payments.refund',
  'inventory.release',
] as const;
const shipmentCompensations = [
  'shipping.cancel_booking',
  'inventory.release',
  'ledger.reverse_credit',
  'payments.refund',
] as const;
const forward: readonly ActivityFaultPoint[] = [...orderSteps, ...shipmentSteps].map(([point]) => point);

/** What has to be undone, because the last step of the saga is refused, and how its order ends. */
const undoings = [
  ['the order saga', 'payments.settle', orderCompensations, 'CANCELLED'],
  ['the shipment saga', 'shipping.dispatch', shipmentCompensations, 'REFUNDED'],
] as const;

let stack: E2eStack;
beforeAll(async () => (stack = await startE2eStack()), 60_000);
afterAll(() => stack?.stop());
/** In every case: money conserved, stock right, no saga silent. */
afterEach(async () => {
  await disarmFaults(stack.operator);
  await stack.checker.holds(DEADLINE_MS);
}, 2 * DEADLINE_MS);

/** Goods that are charged: an order that goes through both sagas. */
const order = (): Promise<OrderView> =>
  placeOrder(stack.service, {
    product_sku: 'mug',
    amount: 1_500,
    collection_method: 'charge_automatically',
    payment_method: 'pm_ok',
  });

const ends = (orders: readonly OrderView[], status: OrderView['status']) =>
  Promise.all(orders.map(({ order_id }) => untilStatus(stack.service, order_id, status, DEADLINE_MS)));

const failure = async (sagaId: string) => {
  const [row] = await stack.query<{ state: string; failed_step: string; failure_code: string }>(
    'SELECT state, failed_step, failure_code FROM saga WHERE saga_id = $1',
    sagaId,
  );
  return row;
};

/** Every point has been come to, as often as it was armed for. */
const allPassed = () =>
  eventually(async () => expect(await stack.query('SELECT point FROM fault WHERE times > 0')).toEqual([]), {
    deadlineMs: DEADLINE_MS,
  });

describe('a step that is refused', () => {
  it.each(orderSteps)('at %s cancels the order', async (point, failed_step) => {
    await armFault(stack.operator, point, 'refuse');
    const refused = await order();
    await ends([refused], 'CANCELLED');
    await eventually(
      async () =>
        expect(await failure(`order-${refused.order_id}`)).toEqual({
          state: 'compensated',
          failed_step,
          failure_code: 'fault_injected',
        }),
      { deadlineMs: DEADLINE_MS },
    );
  });

  it.each(shipmentSteps)('at %s pays the order back', async (point, failed_step) => {
    await armFault(stack.operator, point, 'refuse');
    const refused = await order();
    await ends([refused], 'REFUNDED');
    await eventually(
      async () =>
        expect(await failure(`shipment-${refused.order_id}`)).toEqual({
          state: 'compensated',
          failed_step,
          failure_code: 'fault_injected',
        }),
      { deadlineMs: DEADLINE_MS },
    );
  });
});

describe('a step that fails five times', () => {
  it.each([...orderSteps, ...shipmentSteps])(
    'at %s succeeds afterwards, and says how often it was tried',
    async (point, step) => {
      await armFault(stack.operator, point, 'error', 5);
      const tried = await order();
      await ends([tried], 'FULFILLED');
      const sagas = await Promise.all(
        ['order', 'shipment'].map((type) => readSaga(stack.service, `${type}-${tried.order_id}`)),
      );
      expect(sagas.flatMap(({ steps }) => steps).find(({ name }) => name === step)).toMatchObject({ attempts: 6 });
    },
    DEADLINE_MS,
  );

  it(
    'at every point at once: many orders get through',
    async () => {
      for (const point of forward) await armFault(stack.operator, point, 'error', 5);
      await ends(await Promise.all(Array.from({ length: 8 }, order)), 'FULFILLED');
      await allPassed();
    },
    DEADLINE_MS,
  );
});

describe('a step that timed out although it happened', () => {
  it(
    'at every point: happens once',
    async () => {
      for (const point of forward) await armDelay(stack.operator, `${point}.done` as ActivityFaultPoint, TOO_LONG_MS);
      await ends(await Promise.all(Array.from({ length: 8 }, order)), 'FULFILLED');
      await allPassed();
    },
    2 * DEADLINE_MS,
  );
});

describe.each(undoings)('the compensations of %s', (_name, refused, points, status) => {
  it.each(points)(
    '%s: fails five times, then undoes',
    async (point) => {
      await armFault(stack.operator, refused, 'refuse');
      await armFault(stack.operator, point, 'error', 5);
      await ends([await order()], status);
      await allPassed();
    },
    DEADLINE_MS,
  );

  it(
    'each refused twice, and timed out although it happened: undone once',
    async () => {
      const ORDERS = 4;
      await armFault(stack.operator, refused, 'refuse', ORDERS);
      for (const point of points) {
        await armFault(stack.operator, point, 'refuse', 2);
        await armDelay(stack.operator, `${point}.done` as ActivityFaultPoint, TOO_LONG_MS);
      }
      await ends(await Promise.all(Array.from({ length: ORDERS }, order)), status);
      await allPassed();
    },
    2 * DEADLINE_MS,
  );

  it(
    'of a step that timed out: a late attempt does nothing',
    async () => {
      // The step before the last: its transaction comes when it is undone already.
      await armFault(stack.operator, refused, 'refuse');
      await armDelay(stack.operator, points[0], 1_000);
      await ends([await order()], status);
    },
    DEADLINE_MS,
  );
});

describe('a cancel', () => {
  it.each(orderSteps)('while %s is at work leaves the order paid or cancelled, as it was answered', async (point) => {
    await armDelay(stack.operator, point, 700);
    await armDelay(stack.operator, `${point}.done` as ActivityFaultPoint, 700);
    const racing = await order();
    await eventually(
      async () => {
        const rows = await stack.query('SELECT point FROM fault WHERE times > 0 AND point = $1', point);
        expect(rows).toEqual([]);
      },
      { deadlineMs: DEADLINE_MS },
    );
    const { status } = await stack.service.call('POST', `/orders/${racing.order_id}/cancel`, { json: {} });
    await ends([racing], status === 200 ? 'CANCELLED' : 'FULFILLED');
    expect([200, 409]).toContain(status);
    expect((await readOrder(stack.service, racing.order_id)).status).toBe(status === 200 ? 'CANCELLED' : 'FULFILLED');
  });
});
