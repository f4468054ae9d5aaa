import { fromRoot } from '../../../dev/os/files';
import { eventually } from '../../../testing/eventually';
import { armFault, disarmFaults } from '../../../testing/faults';
import {
  CHARGED_GOODS,
  newClientId,
  type OrderResponse,
  pay,
  payUntilSettled,
  placeOrder,
  readBalance,
  readOrder,
  readOrderEvents,
  untilStatus,
} from '../../../testing/shop';
import { type E2eStack, startE2eStack } from '../../support/e2e-stack';

const DEADLINE_MS = 30_000;
const HOUR_MS = 3_600_000;
/** Between a stamp and what the test's own clock, which is the database's, says: far more than a slow test takes. */
const CLOSE_MS = HOUR_MS / 6;

/** `npm test` runs all on one machine: the clock of the test is the database's. */
const isNow = (time: string | null | undefined): boolean => Math.abs(Date.parse(time ?? '') - Date.now()) < CLOSE_MS;

describe.each([
  { title: 'API and consumer are an hour ahead, the worker an hour behind', front: HOUR_MS },
  { title: 'API and consumer are an hour behind, the worker an hour ahead', front: -HOUR_MS },
])('Where $title', ({ front }) => {
  const shifted = (ms: number) => ({
    NODE_OPTIONS: `--require ${fromRoot('test', 'support', 'shifted-clock.cjs')}`,
    CLOCK_SHIFT_MS: String(ms),
  });
  let stack: E2eStack;
  beforeAll(async () => {
    stack = await startE2eStack({
      env: { ORDER_PAYMENT_TIMEOUT: '15s', ORDER_PAYMENT_SWEEP_INTERVAL_MS: '1000' },
      envOf: { api: shifted(front), consumer: shifted(front), worker: shifted(-front) },
    });
  }, 60_000);
  afterAll(() => stack?.stop());
  afterEach(() => disarmFaults(stack.operator));

  it(
    'orders are paid, charged and fulfilled, with stamps by one clock',
    async () => {
      const { service, query } = stack;
      const [outside, charged] = await Promise.all([
        placeOrder(service, { customer_id: newClientId('cus') }),
        placeOrder(service, { ...CHARGED_GOODS, customer_id: newClientId('cus') }),
      ]);
      expect((await pay(service, outside)).status).toBe(200);
      for (const { order_id } of [outside, charged]) await untilStatus(service, order_id, 'FULFILLED', DEADLINE_MS);
      for (const order of [outside, charged]) {
        expect(isNow(order.placed_at)).toBe(true);
        const events = await readOrderEvents(service, order.order_id);
        expect(events.map(({ version }) => version)).toEqual(events.map((_, index) => index + 1));
        expect(events.filter(({ occurred_at }) => !isNow(occurred_at))).toEqual([]);
        expect(events.map(({ occurred_at }) => occurred_at)).toEqual(events.map((e) => e.occurred_at).sort());
      }
      expect(await readBalance(service, outside.customer_id)).toBe(outside.amount);
      const [off] = await query<{ sagas: number; steps: number; keys: number }>(
        `SELECT (SELECT count(*)::int FROM saga WHERE abs(extract(epoch FROM now() - created_at)) > 60) AS sagas,
           (SELECT count(*)::int FROM saga_step WHERE abs(extract(epoch FROM now() - coalesce(ended_at, started_at))) > 60) AS steps,
           (SELECT count(*)::int FROM idempotency_key
            WHERE abs(extract(epoch FROM expires_at - now() - round(extract(epoch FROM expires_at - now()) / 86400) * interval '1 day')) > 60) AS keys`,
      );
      expect(off).toEqual({ sagas: 0, steps: 0, keys: 0 });
      await stack.checker.holds(DEADLINE_MS);
    },
    2 * DEADLINE_MS,
  );

  it(
    "ids have the database's time, so that the list of orders has the newest first",
    async () => {
      const first = await placeOrder(stack.service);
      const second = await placeOrder(stack.service);
      const { body } = await stack.service.call<{ data: OrderResponse[] }>('GET', '/orders?limit=2');
      expect(body.data.map(({ order_id }) => order_id)).toEqual([second.order_id, first.order_id]);
      const madeAt = parseInt(first.order_id.slice('ord_'.length, 'ord_'.length + 12), 16);
      expect(isNow(new Date(madeAt).toISOString())).toBe(true);
    },
    DEADLINE_MS,
  );

  it(
    'a saga whose API died after its commit is started',
    async () => {
      const order = await placeOrder(stack.service);
      await armFault(stack.operator, 'payments.after_commit', 'crash');
      const payment_id = newClientId('pay');
      expect((await payUntilSettled(stack.service, order, { payment_id }, DEADLINE_MS)).status).toBe(200);
      await untilStatus(stack.service, order.order_id, 'FULFILLED', DEADLINE_MS);
    },
    2 * DEADLINE_MS,
  );

  it(
    'what a consumer could not apply is tried again in time',
    async () => {
      await armFault(stack.operator, 'consumer.before_effect', 'error', 3);
      const order = await placeOrder(stack.service);
      expect((await pay(stack.service, order)).status).toBe(200);
      await untilStatus(stack.service, order.order_id, 'FULFILLED', DEADLINE_MS);
    },
    2 * DEADLINE_MS,
  );

  it(
    'an order that nobody pays is cancelled when its time is over, and not before',
    async () => {
      const order = await placeOrder(stack.service);
      await new Promise((resolve) => setTimeout(resolve, 7_000));
      expect((await readOrder(stack.service, order.order_id)).status).toBe('PENDING_PAYMENT');
      await untilStatus(stack.service, order.order_id, 'CANCELLED', DEADLINE_MS);
    },
    2 * DEADLINE_MS,
  );

  it(
    'keys are valid, a request comes once, and health is well',
    async () => {
      const headers = { 'idempotency-key': newClientId('key') };
      const json = { customer_id: newClientId('cus'), product_sku: 'vps.s', amount: 9_900 };
      const [one, two] = [
        await stack.service.call<OrderResponse>('POST', '/orders', { json, headers }),
        await stack.service.call<OrderResponse>('POST', '/orders', { json, headers }),
      ];
      expect([one.status, two.status, two.body.order_id]).toEqual([201, 201, one.body.order_id]);
      await eventually(
        async () => {
          const { body } = await stack.service.call<{ status: string }>('GET', '/health');
          expect(body).toMatchObject({ status: 'healthy' });
        },
        { deadlineMs: DEADLINE_MS },
      );
    },
    2 * DEADLINE_MS,
  );
});
