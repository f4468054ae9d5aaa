import { newClientId, type OrderResponse, payUntilSettled, placeOrder, untilStatus } from '../../../testing/shop';
import { type E2eStack, startE2eStack } from '../../support/e2e-stack';
import { type OwnService, startOwnService } from '../../support/own-service';
import { restartAll, untilReady } from '../../support/without';

const ORDERS = 20;
const DEADLINE_MS = 60_000;

describe('without Kafka', () => {
  let kafka: OwnService;
  let stack: E2eStack;
  let paid: OrderResponse[];
  beforeAll(async () => {
    kafka = await startOwnService('kafka');
    stack = await startE2eStack({ services: kafka.addresses });
  }, 120_000);
  afterAll(async () => {
    await stack?.stop();
    await kafka?.stop();
  }, 60_000);

  it('orders are taken and paid, and their events wait in the outbox', async () => {
    const { service } = stack;
    await payUntilSettled(service, await placeOrder(service), { payment_id: newClientId('pay') }, DEADLINE_MS);
    await stack.checker.holds(DEADLINE_MS);
    await untilReady(stack, 200, 'broker', 'healthy');
    await kafka.stop();

    paid = await Promise.all(Array.from({ length: ORDERS }, () => placeOrder(service)));
    const answers = await Promise.all(
      paid.map((order) => payUntilSettled(service, order, { payment_id: newClientId('pay') }, DEADLINE_MS)),
    );
    expect(answers.map(({ status }) => status)).toEqual(paid.map(() => 200));
    const [waiting] = await stack.query<{ rows: number; counted: number }>(
      'SELECT count(*)::int AS rows, sum(attempts)::int AS counted FROM outbox',
    );
    // Two of the order, three of the invoice, two of the payment, and the notification.
    expect(waiting).toEqual({ rows: ORDERS * 8, counted: 0 });
    await untilReady(stack, 200, 'broker', 'degraded');
  }, 120_000);

  it('processes that start now wait, and readiness says for what', async () => {
    await restartAll(stack);
    await untilReady(stack, 503, 'broker', 'unhealthy');
    expect((await placeOrder(stack.service)).status).toBe('PENDING_PAYMENT');
  });

  it('the backlog drains in order when it is back, and everything agrees', async () => {
    await kafka.start();
    await untilReady(stack, 200, 'broker', 'healthy');
    await Promise.all(paid.map(({ order_id }) => untilStatus(stack.service, order_id, 'FULFILLED', DEADLINE_MS)));
    await stack.checker.holds(DEADLINE_MS);
  }, 120_000);
});
