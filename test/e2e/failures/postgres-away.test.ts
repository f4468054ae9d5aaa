import { wait } from '../../../src/platform/timing';
import { eventually, must } from '../../../testing/eventually';
import { armDelay, armFault } from '../../../testing/faults';
import { newClientId, orderRequest, pay, payUntilSettled, placeOrder, readSaga } from '../../../testing/shop';
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

  it('longer than a round of compensations takes, nothing is given up, and nothing is stuck', async () => {
    await armDelay(stack.operator, 'billing.close_invoice.done', 1_000, 20);
    await armFault(stack.operator, 'payments.settle', 'refuse', 10);
    const sagas = await Promise.all(Array.from({ length: 20 }, () => acceptOne()));
    await wait(500);
    way.cut();
    await wait(20_000);
    way.restore();
    const states = await eventually(
      async () => {
        const all = await Promise.all(sagas.map((saga) => readSaga(stack.service, saga)));
        const ended = all.filter(({ state }) => state === 'completed' || state === 'compensated');
        must(ended.length === sagas.length, `${ended.length} of ${sagas.length} payments have ended`);
        return all;
      },
      { deadlineMs: DEADLINE_MS },
    );
    expect(states.filter(({ state }) => state === 'compensated')).toHaveLength(10);
    expect(stack.log.filter((line) => line.includes('saga.stuck'))).toEqual([]);
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

  /** @returns the saga of a payment that was accepted and is under way */
  async function acceptOne(): Promise<string> {
    const order = await placeOrder(stack.service, {}, DEADLINE_MS);
    const { status, body } = await pay(stack.service, order, { wait: 0 });
    expect(status).toBe(202);
    return body.saga_id;
  }

  async function settleOne(): Promise<void> {
    const order = await placeOrder(stack.service, {}, DEADLINE_MS);
    const paid = await payUntilSettled(stack.service, order, { payment_id: newClientId('pay') }, DEADLINE_MS);
    expect(paid.status).toBe(200);
  }
});
