import { type ActivityFaultPoint, type FaultPoint, faultPoints } from '../../../src/platform/faults';
import { eventually } from '../../../testing/eventually';
import { armDelay, armFault, disarmFaults } from '../../../testing/faults';
import { CHARGED_GOODS, type OrderResponse, placeOrder, readSaga, untilStatus } from '../../../testing/shop';
import { type E2eStack, startE2eStack } from '../../support/e2e-stack';

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
const steps = [...orderSteps, ...shipmentSteps] as const;

/** What has to be undone, because the last step of the saga is refused, and how its order ends. */
const undoings = [
  ['the order saga', 'payments.settle', orderCompensations, 'CANCELLED'],
  ['the shipment saga', 'shipping.dispatch', shipmentCompensations, 'REFUNDED'],
] as const;

let stack: E2eStack;
jest.setTimeout(2 * DEADLINE_MS);
beforeAll(async () => (stack = await startE2eStack()));
afterAll(() => stack?.stop());
/** In every case: money conserved, stock right, no saga silent. */
afterEach(async () => {
  await disarmFaults(stack.operator);
  await stack.checker.holds(DEADLINE_MS);
});

/** Goods that are charged: an order that goes through both sagas. */
const order = (payment_method = 'pm_ok'): Promise<OrderResponse> =>
  placeOrder(stack.service, { ...CHARGED_GOODS, payment_method });
const orders = (count: number): Promise<OrderResponse[]> => Promise.all(Array.from({ length: count }, () => order()));

const done = (point: ActivityFaultPoint): FaultPoint => `${point}.done`;

const ends = (these: readonly OrderResponse[], status: OrderResponse['status']) =>
  Promise.all(these.map(({ order_id }) => untilStatus(stack.service, order_id, status, DEADLINE_MS)));

/** Waits until the saga has failed with this. */
const untilFailed = (sagaId: string, failed_step: string, failure_code: string) =>
  eventually(
    async () => {
      const sql = 'SELECT state, failed_step, failure_code FROM saga WHERE saga_id = $1';
      expect(await stack.query(sql, sagaId)).toEqual([{ state: 'compensated', failed_step, failure_code }]);
    },
    { deadlineMs: DEADLINE_MS },
  );

/** These points, or all, have been come to, as often as they were armed for. */
const passed = (points: readonly FaultPoint[] = faultPoints) =>
  eventually(
    async () => {
      const sql = 'SELECT point FROM fault WHERE times > 0 AND point = ANY ($1)';
      expect(await stack.query(sql, points)).toEqual([]);
    },
    { deadlineMs: DEADLINE_MS },
  );

describe('a step that is refused', () => {
  it.each(orderSteps)('at %s cancels the order', async (point, step) => {
    await armFault(stack.operator, point, 'refuse');
    const refused = await order();
    await ends([refused], 'CANCELLED');
    await untilFailed(`order-${refused.order_id}`, step, 'fault_injected');
  });

  it.each(shipmentSteps)('at %s pays the order back', async (point, step) => {
    await armFault(stack.operator, point, 'refuse');
    const refused = await order();
    await ends([refused], 'REFUNDED');
    await untilFailed(`shipment-${refused.order_id}`, step, 'fault_injected');
  });
});

describe('a step that fails five times', () => {
  it.each(steps)('at %s succeeds afterwards, and says how often it was tried', async (point, step) => {
    await armFault(stack.operator, point, 'error', 5);
    const tried = await order();
    await ends([tried], 'FULFILLED');
    const sagas = await Promise.all(
      ['order', 'shipment'].map((type) => readSaga(stack.service, `${type}-${tried.order_id}`)),
    );
    expect(sagas.flatMap((saga) => saga.steps).find(({ name }) => name === step)).toMatchObject({ attempts: 6 });
  });

  it('at every point at once: many orders get through', async () => {
    for (const [point] of steps) await armFault(stack.operator, point, 'error', 5);
    await ends(await orders(8), 'FULFILLED');
    await passed();
  });
});

describe('a step that timed out although it happened', () => {
  it('at every point: happens once', async () => {
    for (const [point] of steps) await armDelay(stack.operator, done(point), TOO_LONG_MS);
    await ends(await orders(8), 'FULFILLED');
    await passed();
  });
});

describe.each(undoings)('the compensations of %s', (_name, refused, points, status) => {
  it('each fail five times, then undo', async () => {
    await armFault(stack.operator, refused, 'refuse');
    for (const point of points) await armFault(stack.operator, point, 'error', 5);
    await ends([await order()], status);
    await passed();
  });

  it('each refused twice, and timed out although it happened: undo once', async () => {
    const ORDERS = 4;
    await armFault(stack.operator, refused, 'refuse', ORDERS);
    for (const point of points) {
      await armFault(stack.operator, point, 'refuse', 2);
      await armDelay(stack.operator, done(point), TOO_LONG_MS);
    }
    await ends(await orders(ORDERS), status);
    await passed();
  });
});

describe('a cancel', () => {
  const cancel = async ({ order_id }: OrderResponse): Promise<number> =>
    (await stack.service.call('POST', `/orders/${order_id}/cancel`, { json: {} })).status;

  it.each(orderSteps)('while %s is at work leaves the order as it was answered', async (point) => {
    await armDelay(stack.operator, point, 700);
    await armDelay(stack.operator, done(point), 700);
    const racing = await order();
    await passed([point]);
    const status = await cancel(racing);
    expect([200, 409]).toContain(status);
    await ends([racing], status === 200 ? 'CANCELLED' : 'FULFILLED');
  });

  it('while the charge waits bars it: the late attempt asks nobody', async () => {
    await armDelay(stack.operator, 'payments.charge', 3_000);
    const logged = stack.log.length;
    const late = await order();
    await passed(['payments.charge']);
    expect(await cancel(late)).toBe(200);
    await untilFailed(`order-${late.order_id}`, 'charge', 'cancelled');
    await eventually(
      () => expect(stack.log.slice(logged)).toContainEqual(expect.stringContaining('"code":"step_undone"')),
      { deadlineMs: DEADLINE_MS },
    );
    expect(await stack.query('SELECT FROM provider_charge WHERE order_id = $1', late.order_id)).toEqual([]);
  });

  it('while the provider is at it pays back what it takes in the end', async () => {
    const slow = await order('pm_slow');
    await eventually(
      async () => {
        const sql = 'SELECT FROM provider_charge WHERE order_id = $1';
        expect(await stack.query(sql, slow.order_id)).toHaveLength(1);
      },
      { deadlineMs: DEADLINE_MS },
    );
    expect(await cancel(slow)).toBe(200);
    await untilFailed(`order-${slow.order_id}`, 'charge', 'cancelled');
  });
});
