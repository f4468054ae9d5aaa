import {
  newClientId,
  orderRequest,
  type OrderResponse,
  pay,
  payUntilSettled,
  placeOrder,
  readSaga,
  untilStatus,
} from '../../../testing/shop';
import { type E2eStack, startE2eStack } from '../../support/e2e-stack';
import { type OwnService, startOwnService } from '../../support/own-service';
import { medianOf, restartAll, untilReady } from '../../support/without';

const SAMPLES = 20;
const DEADLINE_MS = 60_000;

describe('without Temporal', () => {
  let temporal: OwnService;
  let stack: E2eStack;
  const accepted: OrderResponse[] = [];
  beforeAll(async () => {
    temporal = await startOwnService('temporal');
    stack = await startE2eStack({ services: temporal.addresses });
  }, 120_000);
  afterAll(async () => {
    await stack?.stop();
    await temporal?.stop();
  }, 60_000);

  it('orders are taken as fast as before, and payments are accepted for certain', async () => {
    const { service } = stack;
    await payUntilSettled(service, await placeOrder(service), { payment_id: newClientId('pay') }, DEADLINE_MS);
    const before = await medianOrderMs();
    await untilReady(stack, 200, 'temporal', 'healthy');
    await temporal.stop();

    expect(await medianOrderMs()).toBeLessThan(before * 3 + 50);
    for (let payments = 0; payments < 5; payments += 1) {
      const order = await placeOrder(service);
      const answer = await pay(service, order);
      expect(answer).toMatchObject({ status: 202, body: { status: 'pending' } });
      expect(answer.headers.get('location')).toBe(`/sagas/${answer.body.saga_id}`);
      expect(answer.ms).toBeLessThan(3_000);
      const saga = { state: 'pending', reason: 'Temporal does not answer' };
      expect(await readSaga(service, answer.body.saga_id)).toMatchObject(saga);
      accepted.push(order);
    }
    await untilReady(stack, 200, 'temporal', 'degraded');
  });

  it('processes that start now wait, and readiness says for what', async () => {
    await restartAll(stack);
    await untilReady(stack, 503, 'temporal', 'unhealthy');
    expect((await placeOrder(stack.service)).status).toBe('PENDING_PAYMENT');
  });

  it('the sagas start when it is back, and everything agrees', async () => {
    await temporal.start();
    await untilReady(stack, 200, 'temporal', 'healthy');
    await Promise.all(accepted.map(({ order_id }) => untilStatus(stack.service, order_id, 'FULFILLED', DEADLINE_MS)));
    await stack.checker.holds(DEADLINE_MS);
  }, 120_000);

  async function medianOrderMs(): Promise<number> {
    const durations: number[] = [];
    for (let sample = 0; sample < SAMPLES; sample += 1) {
      const { status, ms } = await stack.service.call('POST', '/orders', { json: orderRequest() });
      expect(status).toBe(201);
      durations.push(ms);
    }
    return medianOf(durations);
  }
});
