import type { ActivityFaultPoint } from '../../../src/platform/faults';
import { eventually } from '../../../testing/eventually';
import { armDelay, disarmFaults } from '../../../testing/faults';
import { type OrderRequest, type OrderResponse, pay, placeOrder, untilStatus } from '../../../testing/shop';
import { type E2eStack, startE2eStack } from '../../support/e2e-stack';
import { type OwnService, startOwnService } from '../../support/own-service';
import { untilReady } from '../../support/without';

const DEADLINE_MS = 120_000;
/** Long enough to find sagas at work, shorter than an attempt may take. */
const SLOWLY_MS = 1_000;
const points: readonly ActivityFaultPoint[] = [
  'inventory.reserve',
  'payments.charge',
  'ledger.credit_balance',
  'payments.settle',
  'shipping.allocate',
  'shipping.book',
  'shipping.dispatch',
  'inventory.release',
  'ledger.reverse_credit',
  'payments.refund',
];

const charged = { collection_method: 'charge_automatically', payment_method: 'pm_ok' };
const mug = { product_sku: 'mug', amount: 1_500 };
const unshippable = { product_sku: 'unshippable', amount: 2_500 };
interface Story {
  readonly order: OrderRequest;
  readonly ends: OrderResponse['status'];
}
const stories: readonly Story[] = [
  { order: { ...charged, ...mug }, ends: 'FULFILLED' },
  { order: { ...charged, ...mug, payment_method: 'pm_slow' }, ends: 'FULFILLED' },
  { order: { ...charged, ...mug, payment_method: 'pm_declined' }, ends: 'CANCELLED' },
  { order: { ...charged, ...unshippable }, ends: 'REFUNDED' },
  { order: mug, ends: 'FULFILLED' },
  { order: unshippable, ends: 'REFUND_DUE' },
];

describe('Temporal’s server, killed', () => {
  let temporal: OwnService;
  let stack: E2eStack;
  beforeAll(async () => {
    temporal = await startOwnService('temporal');
    stack = await startE2eStack({ services: temporal.addresses });
  }, 120_000);
  afterAll(async () => {
    await stack?.stop();
    await temporal?.stop();
  }, 60_000);

  it(
    'again and again in the middle of order and shipment sagas: each ends as if nothing had been',
    async () => {
      const { service, operator } = stack;
      await untilReady(stack, 200, 'temporal', 'healthy');
      for (const point of points) await armDelay(operator, point, SLOWLY_MS, 100);
      const orders = await Promise.all([...stories, ...stories].map(begin));

      for (const step of ['charge', 'settle', 'allocate', 'reverse_credit']) {
        await untilAtWork(step);
        await temporal.kill();
        await temporal.start();
      }
      await disarmFaults(operator);
      await Promise.all(orders.map(({ order, ends }) => untilStatus(service, order.order_id, ends, DEADLINE_MS)));
      await stack.checker.holds(DEADLINE_MS);
      expect(await sagas()).toEqual([
        { type: 'order', state: 'compensated', count: 2 },
        { type: 'order', state: 'completed', count: 6 },
        { type: 'payment', state: 'completed', count: 4 },
        { type: 'shipment', state: 'compensated', count: 4 },
        { type: 'shipment', state: 'completed', count: 6 },
      ]);
    },
    4 * DEADLINE_MS,
  );

  /** Places the order, and pays it where no provider does. */
  async function begin({ order: request, ends }: Story): Promise<{ order: OrderResponse; ends: Story['ends'] }> {
    const order = await placeOrder(stack.service, request);
    if (!request.payment_method) await pay(stack.service, order, { wait: 0 });
    return { order, ends };
  }

  /** A saga has this step behind it, and some have not ended. */
  const untilAtWork = (step: string): Promise<void> =>
    eventually(
      async () => {
        const [row] = await stack.query<{ passed: boolean; running: boolean }>(
          `SELECT EXISTS (SELECT FROM saga_step WHERE name = $1) AS passed,
             EXISTS (SELECT FROM saga WHERE state IN ('running', 'compensating')) AS running`,
          step,
        );
        expect(row).toEqual({ passed: true, running: true });
      },
      { deadlineMs: DEADLINE_MS },
    );

  const sagas = () =>
    stack.query(`SELECT type, state, count(*)::int FROM saga GROUP BY type, state ORDER BY type, state`);
});
