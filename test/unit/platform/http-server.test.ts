import { createHttpServer } from '../../../src/http/server';
import { createMetrics } from '../../../src/platform/metrics';
import { createDeferred } from '../../support/deferred';
import { openSocket } from '../../support/network/raw-socket';

const config = { host: '127.0.0.1', port: 0, keepAliveMs: 620_000, maxConnections: 3, maxWaiting: 0, maxWaitMs: 10 };
const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

async function start(fetch: () => Promise<Response>) {
  const server = createHttpServer({ fetch, config, metrics: createMetrics() });
  const { port } = await server.listen();
  return { ...server, open: () => openSocket(port) };
}

test('at its end it refuses connections, and says Connection: close on each answer, none of them cut', async () => {
  const answer = createDeferred();
  const began = createDeferred();
  let asked = 0;
  const server = await start(async () => {
    asked += 1;
    if (asked === 2) {
      began.resolve();
      await answer.promise;
    }
    return new Response(`answer ${asked}`);
  });
  const idle = await server.open();
  const first = idle.data();
  idle.socket.write(GET);
  await first;
  expect(idle.told()).toContain('Keep-Alive: timeout=620');
  const busy = await server.open();
  busy.socket.write(GET);
  await began.promise;

  const drained = server.drain(10_000);
  await expect(server.open()).rejects.toThrow('ECONNREFUSED');
  idle.socket.write(GET);
  expect(await idle.ended).toMatch(/Connection: close[^]*answer 3$/i);
  answer.resolve();
  expect(await busy.ended).toMatch(/Connection: close[^]*answer \d$/i);
  await drained;
});

test('over its limit of connections, the one that has been idle longest goes', async () => {
  const server = await start(async () => new Response('answer'));
  const silent = await server.open();
  const others = [await server.open(), await server.open()];
  const newest = await server.open();
  expect(await silent.ended).toBe('');
  const told = newest.data();
  newest.socket.write(GET);
  await told;
  expect(newest.told()).toContain('answer');
  for (const { socket } of [...others, newest]) socket.destroy();
  await server.drain(1_000);
});
