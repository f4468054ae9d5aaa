import { wait } from '../../../src/platform/timing';
import { newClientId, orderRequest, payUntilSettled, placeOrder } from '../../../testing/shop';
import { type E2eStack, givenServices, startE2eStack } from '../../support/e2e-stack';
import { createTcpProxy, type TcpProxy } from '../../support/network/tcp-proxy';
import { untilReady } from '../../support/without';

/** A silence is noticed within 10 s; a worker that ends for it is back seconds later. */
const NOTICED_MS = 25_000;

let database: TcpProxy;
let temporal: TcpProxy;
let stack: E2eStack;
beforeAll(async () => {
  const { databaseUrl, temporalAddress } = givenServices();
  const url = new URL(databaseUrl);
  database = await createTcpProxy({ host: url.hostname, port: Number(url.port) });
  url.host = `127.0.0.1:${database.port}`;
  const [host = '', port] = temporalAddress.split(':');
  temporal = await createTcpProxy({ host, port: Number(port) });
  stack = await startE2eStack({
    services: { databaseUrl: url.href, temporalAddress: `127.0.0.1:${temporal.port}` },
  });
  await settleOne();
}, 90_000);
afterAll(async () => {
  database?.restore();
  await stack?.stop();
  await Promise.all([database?.close(), temporal?.close()]);
}, 60_000);

/** Places an order and pays it. @returns how long that took, in ms */
async function settleOne(): Promise<number> {
  const begun = performance.now();
  const order = await placeOrder(stack.service, {}, NOTICED_MS);
  const paid = await payUntilSettled(stack.service, order, { payment_id: newClientId('pay') }, NOTICED_MS);
  expect(paid.status).toBe(200);
  return performance.now() - begun;
}

describe('connections that go silent, while new ones work', () => {
  it('to the database are given up, and no request of theirs is answered as if it were at fault', async () => {
    database.strand();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => stack.service.call('POST', '/orders', { json: orderRequest() })),
    );
    expect(answers.map(({ status }) => status).filter((status) => status !== 201 && status !== 503)).toEqual([]);
    expect(await settleOne()).toBeLessThan(NOTICED_MS);
    await untilReady(stack, 200, 'database', 'healthy');
  }, 90_000);

  it('to Temporal are given up', async () => {
    temporal.strand();
    expect(await settleOne()).toBeLessThan(NOTICED_MS);
    await untilReady(stack, 200, 'temporal', 'healthy');
  }, 90_000);
});

it('a database that stops in the middle of everything is 503, and answers again when it goes on', async () => {
  database.stall();
  const asked = Array.from({ length: 20 }, () =>
    stack.service.call('POST', '/orders', { json: orderRequest(), timeoutMs: 15_000 }),
  );
  expect(new Set((await Promise.all(asked)).map(({ status }) => status))).toEqual(new Set([503]));
  await untilReady(stack, 503, 'database', 'unhealthy');
  await wait(2_000);
  database.restore();
  expect(await settleOne()).toBeLessThan(NOTICED_MS);
}, 90_000);

it('after all of this the books are right', () => stack.checker.holds(60_000), 90_000);
