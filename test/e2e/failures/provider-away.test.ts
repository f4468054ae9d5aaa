import { eventually, must } from '../../../testing/eventually';
import {
  type HealthView,
  type OrderRequest,
  type OrderResponse,
  pay,
  placeOrder,
  readOrder,
  untilStatus,
} from '../../../testing/shop';
import { type E2eStack, startE2eStack } from '../../support/e2e-stack';
import { scrape } from '../../support/prometheus';

const DEADLINE_MS = 60_000;

let stack: E2eStack;
afterAll(() => stack?.stop());

const charged = (method = 'pm_ok', order: OrderRequest = {}): Promise<OrderResponse> =>
  placeOrder(stack.service, { collection_method: 'charge_automatically', payment_method: method, ...order });

const health = async (): Promise<HealthView> => (await stack.nobody.call<HealthView>('GET', '/health')).body;

const untilProviders = (status: 'healthy' | 'degraded') =>
  eventually(
    async () => {
      const { checks } = await health();
      must(checks.payment_provider.status === status, `payment_provider is ${checks.payment_provider.status}`);
      return checks.payment_provider;
    },
    { deadlineMs: DEADLINE_MS },
  );

/** How much each account took for these orders and kept. */
async function kept(orders: readonly OrderResponse[]): Promise<Record<'test' | 'standby', number>> {
  const payments = await stack.query<{ key: string }>(
    'SELECT key FROM provider_charge WHERE order_id = ANY($1)',
    orders.map(({ order_id }) => order_id),
  );
  const keys = payments.map(({ key }) => key);
  const sumOf = async (account: 'test' | 'standby') =>
    (await stack.provider.books(account)).charges
      .filter(({ key }) => keys.includes(key))
      .reduce((sum, { amount, refunded_amount }) => sum + amount - refunded_amount, 0);
  return { test: await sumOf('test'), standby: await sumOf('standby') };
}

const start = async (env: NodeJS.ProcessEnv = {}): Promise<void> => {
  stack = await startE2eStack({ restart: false, env });
};

beforeAll(() => start(), 60_000);

it('charges an order once when the provider is killed after it took the money', async () => {
  const order = await charged('pm_timeout_then_ok');
  await eventually(
    async () => must((await stack.provider.books('test')).charges.length === 1, 'the money is not taken yet'),
    { deadlineMs: DEADLINE_MS, everyMs: 10 },
  );
  await stack.provider.kill();
  expect((await readOrder(stack.service, order.order_id)).status).toBe('PENDING_PAYMENT');
  await stack.provider.start();
  await untilStatus(stack.service, order.order_id, 'FULFILLED', DEADLINE_MS);
  expect(await kept([order])).toEqual({ test: 9_900, standby: 0 });
}, 90_000);

it('charges orders once each after a provider was away, and tells /health and Prometheus meanwhile', async () => {
  await untilProviders('healthy');
  await stack.provider.kill();
  const orders = await Promise.all(Array.from({ length: 8 }, () => charged()));
  const told = await untilProviders('degraded');
  expect(told.detail).toContain('payment_provider/test (1 worker)');
  expect((await health()).status).toBe('degraded');
  expect((await stack.nobody.call('GET', '/health/ready')).status).toBe(200);
  const metrics = await scrape(stack.processes.metrics.worker);
  expect(
    metrics.sum('paysaga_circuit_calls_total', { name: 'payment_provider/test', result: 'failure' }),
  ).toBeGreaterThan(2);
  expect(metrics.sum('paysaga_circuit_state', { name: 'payment_provider/test', state: 'closed' })).toBe(0);

  await stack.provider.start();
  for (const { order_id } of orders) await untilStatus(stack.service, order_id, 'FULFILLED', DEADLINE_MS);
  const { test, standby } = await kept(orders);
  expect(test + standby).toBe(8 * 9_900);
  // The next charge closes the circuit.
  await eventually(
    async () => {
      await untilStatus(stack.service, (await charged()).order_id, 'FULFILLED', DEADLINE_MS);
      must((await health()).checks.payment_provider.detail?.includes('/test') !== true, 'the circuit is still open');
    },
    { deadlineMs: DEADLINE_MS },
  );
  await stack.checker.holds(DEADLINE_MS);
}, 180_000);

it('charges and ships orders once each when provider and carrier say nothing for a while', async () => {
  process.kill(stack.provider.pid, 'SIGSTOP');
  const orders = await Promise.all(Array.from({ length: 8 }, () => charged()));
  const outside = await placeOrder(stack.service);
  expect((await pay(stack.service, outside)).status).toBe(200);
  await untilProviders('degraded');
  expect((await stack.nobody.call('GET', '/health/ready')).status).toBe(200);

  process.kill(stack.provider.pid, 'SIGCONT');
  for (const { order_id } of [...orders, outside]) {
    await untilStatus(stack.service, order_id, 'FULFILLED', DEADLINE_MS);
  }
  const { test, standby } = await kept(orders);
  expect(test + standby).toBe(8 * 9_900);
  await stack.checker.holds(DEADLINE_MS);
}, 180_000);

it('runs without any provider: what is charged is cancelled, what is paid outside is not', async () => {
  await stack.stop();
  await start({ PAYMENT_PROVIDERS: '', CARRIER_URL: '' });
  const [order, outside] = [await charged(), await placeOrder(stack.service)];
  await untilStatus(stack.service, order.order_id, 'CANCELLED', DEADLINE_MS);
  const sagas = await stack.query('SELECT failed_step, failure_code FROM saga WHERE order_id = $1', order.order_id);
  expect(sagas).toEqual([{ failed_step: 'charge', failure_code: 'payment_method_not_supported' }]);
  await pay(stack.service, outside);
  await untilStatus(stack.service, outside.order_id, 'FULFILLED', DEADLINE_MS);
  await untilProviders('healthy');
}, 90_000);
