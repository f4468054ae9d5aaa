import { Client } from 'pg';
import { sessionConfig } from '../../../src/platform/database/session';
import { wait } from '../../../src/platform/timing';
import { armDelay } from '../../../testing/faults';
import { newClientId, orderRequest } from '../../../testing/shop';
import { type E2eStack, startE2eStack } from '../../support/e2e-stack';
import { openSocket, type RawSocket } from '../../support/network/raw-socket';

const DEADLINE_MS = 60_000;
/** How long a locked table stays locked: longer than a request may wait for it. */
const LOCKED_MS = 9_000;

let stack: E2eStack;
let port: number;
beforeAll(async () => {
  stack = await startE2eStack({ restart: false });
  port = Number(new URL(stack.processes.api.url).port);
}, DEADLINE_MS);
afterAll(() => stack?.stop());

const requestLine = (method: string, path: string, ...headers: readonly string[]): string =>
  [`${method} ${path} HTTP/1.1`, 'Host: localhost', ...headers, '', ''].join('\r\n');

function orderText(): string {
  const body = JSON.stringify(orderRequest());
  const headers = ['Content-Type: application/json', `Authorization: Bearer ${stack.keys.service}`];
  return `${requestLine('POST', '/orders', ...headers, `Content-Length: ${body.length}`)}${body}`;
}

/** Sends it, and waits for the answer's head. */
async function answerTo(socket: RawSocket, text: string): Promise<string> {
  const before = socket.told().length;
  const answered = socket.data();
  socket.socket.write(text);
  await Promise.race([answered, socket.ended]);
  return socket.told().slice(before);
}

/** How long the server keeps a connection whose client does this, in s. */
async function keptFor(client: (socket: RawSocket) => void): Promise<{ seconds: number; told: string }> {
  const socket = await openSocket(port);
  const begun = performance.now();
  client(socket);
  const told = await socket.ended;
  return { seconds: (performance.now() - begun) / 1_000, told };
}

/** One byte a second, as long as the connection is there. */
function trickle({ socket }: RawSocket, text: string): void {
  socket.write(text);
  const timer = setInterval(() => socket.write('x'), 1_000);
  socket.once('close', () => clearInterval(timer));
}

describe('connections', () => {
  it(
    'may be idle for longer than a request may take to arrive; slow and silent requests are given up',
    async () => {
      const idle = await openSocket(port);
      expect(await answerTo(idle, requestLine('GET', '/health/live'))).toMatch(/^HTTP\/1.1 200/);
      const [headers, body, half] = await Promise.all([
        keptFor((socket) => trickle(socket, 'GET /health/live HTTP/1.1\r\nX-Slow: ')),
        keptFor((socket) =>
          trickle(socket, requestLine('POST', '/orders', 'Content-Type: application/json', 'Content-Length: 5000')),
        ),
        keptFor(({ socket }) => socket.write('GET /health')),
      ]);
      expect(headers.told).toMatch(/^HTTP\/1.1 408/);
      expect(headers.seconds).toBeLessThan(15);
      expect(half.seconds).toBeLessThan(15);
      expect(body.told).toMatch(/^HTTP\/1.1 4(01|08)/);
      expect(body.seconds).toBeLessThan(25);
      expect(await answerTo(idle, requestLine('GET', '/health/live'))).toMatch(/^HTTP\/1.1 200/);
      idle.socket.destroy();
    },
    DEADLINE_MS,
  );
});

describe('a table that is locked for 9 s', () => {
  it(
    'makes writes 503, with a fresh Idempotency-Key, too, and never 500',
    async () => {
      const locker = new Client(
        sessionConfig({ url: stack.services.databaseUrl, applicationName: 'paysaga-test-lock' }),
      );
      await locker.connect();
      await locker.query('BEGIN');
      await locker.query('LOCK TABLE orders IN ACCESS EXCLUSIVE MODE');
      const answers: number[] = [];
      const clients = Array.from({ length: 30 }, async (_, client) => {
        const until = performance.now() + LOCKED_MS;
        while (performance.now() < until) {
          const headers = client % 2 === 0 ? { 'idempotency-key': newClientId('key') } : {};
          const { status } = await stack.service.call('POST', '/orders', { json: orderRequest(), headers });
          answers.push(status);
        }
      });
      await wait(LOCKED_MS);
      await locker.query('COMMIT');
      await locker.end();
      await Promise.all(clients);
      expect([...new Set(answers)].filter((status) => status !== 201 && status !== 503)).toEqual([]);
      expect(answers).toContain(503);
      expect((await stack.service.call('POST', '/orders', { json: orderRequest() })).status).toBe(201);
    },
    DEADLINE_MS,
  );
});

// Last, because it ends the API.
describe('SIGTERM while an order is under way', () => {
  it(
    'answers it with Connection: close, refuses new connections, and ends with 0 well within the grace time',
    async () => {
      const idle = await openSocket(port);
      await answerTo(idle, requestLine('GET', '/health/live'));
      await armDelay(stack.operator, 'orders.after_commit', 2_000);
      const busy = await openSocket(port);
      const answered = answerTo(busy, orderText());
      await wait(500);

      const begun = performance.now();
      const ended = stack.processes.kill('api', 'SIGTERM');
      await wait(300);
      await expect(openSocket(port)).rejects.toThrow('ECONNREFUSED');
      const onIdle = await answerTo(idle, orderText());
      expect(onIdle).toMatch(/^HTTP\/1.1 201[^]*connection: close/i);
      expect(await answered).toMatch(/^HTTP\/1.1 201[^]*connection: close/i);
      await Promise.all([idle.ended, busy.ended, ended]);
      expect(performance.now() - begun).toBeLessThan(8_000);
      expect(stack.log.filter((line) => line.startsWith('api') && line.includes('"code":0'))).toHaveLength(1);
    },
    DEADLINE_MS,
  );
});
