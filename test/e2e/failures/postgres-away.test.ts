import { newClientId, orderRequest, payUntilSettled, placeOrder } from '../../../dev/client/shop';
import { type E2eStack, givenServices, startE2eStack } from '../../support/e2e-stack';
import { createTcpProxy, type TcpProxy } from '../../support/network/tcp-proxy';
import { restartAll, untilReady } from '../../support/without';

const DEADLINE_MS = 60_000;

describe('without Postgres', () => {
  let way: TcpProxy;
  let stack: E2eStack;
  beforeAll(async () => {
    const url = new URL(givenServices().databaseUrl);
    way = await createTcpProxy({ host: url.hostname, port: Number(url.port) });
    url.host = `127.0.0.1:${way.port}`;
    stack = await startE2eStack({ services: { databaseUrl: url.href } });
  }, 60_000);
  afterAll(async () => {
    way?.restore();
    await stack?.stop();
    await way?.close();
  });

  it('nothing is acknowledged, readiness says why, and all goes on when it is back', async () => {
    await settleOne();
    way.cut();
    await untilReady(stack, 503, 'database', 'unhealthy');
    const refused = await stack.service.call('POST', '/orders', { json: orderRequest() });
    expect(refused).toMatchObject({ status: 503, body: { code: 'unavailable' } });
    expect(refused.text).not.toMatch(/prisma|ECONN|127\.0\.0\.1/i);

    way.restore();
    await untilReady(stack, 200, 'database', 'healthy');
    await settleOne();
  }, 120_000);

  it('processes that start now wait, readiness says for what, and they work when it is back', async () => {
    way.cut();
    await restartAll(stack);
    await untilReady(stack, 503, 'database', 'unhealthy');
    way.restore();
    await untilReady(stack, 200, 'database', 'healthy');
    await settleOne();
    await stack.checker.holds(DEADLINE_MS);
  }, 120_000);

  async function settleOne(): Promise<void> {
    const order = await placeOrder(stack.service, {}, DEADLINE_MS);
    const paid = await payUntilSettled(stack.service, order, { payment_id: newClientId('pay') }, DEADLINE_MS);
    expect(paid.status).toBe(200);
  }
});
