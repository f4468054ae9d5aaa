import { randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { type LoadSpec, runLoadProgram } from './load';

export interface HttpLoadSpec extends LoadSpec {
  readonly port: number;
  readonly method: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent by turns. */
  readonly requests: readonly { readonly path: string; readonly body?: string }[];
  /** Each of them once: the load fails when there are too few. */
  readonly once?: boolean;
  /** Every request has a new `Idempotency-Key`. */
  readonly idempotencyKeys?: boolean;
  /** The status that every response must have. */
  readonly status: number;
}

runLoadProgram<HttpLoadSpec>(async (spec) => {
  const { port, method, headers = {}, requests, once = false, idempotencyKeys = false, status } = spec;
  const connections = await Promise.all(Array.from({ length: spec.shape.clients }, () => connectHttp(port)));
  const fixed = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const heads = requests.map(
    ({ path, body }) =>
      `${method} ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n${fixed.join('')}` +
      (body === undefined ? '' : `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`),
  );
  const run = randomUUID();
  let sent = 0;

  return {
    async request(client) {
      const number = sent++;
      if (once && number >= requests.length) throw new Error(`All ${requests.length} requests are sent already.`);
      const index = number % requests.length;
      const key = idempotencyKeys ? `idempotency-key: ${run}-${number}\r\n` : '';
      const answer = await connections[client]?.send(`${heads[index]}${key}\r\n${requests[index]?.body ?? ''}`);
      if (answer?.status !== status) throw new Error(`${method} answered ${answer?.status}: ${answer?.body}`);
    },
    close: () => connections.forEach((connection) => connection.close()),
  };
});

/** One keep-alive connection of HTTP/1.1 that carries one request at a time. */
export interface HttpConnection {
  /** @param request head and body as they go over the wire. @returns the status and the body */
  send(request: string): Promise<{ readonly status: number; readonly body: string }>;
  close(): void;
}

/**
 * Written on the socket, because `node:http`'s client takes longer for a request than an empty server: it
 * would be what is measured. Understands answers with a `Content-Length`, and no others.
 */
export async function connectHttp(port: number, host = '127.0.0.1'): Promise<HttpConnection> {
  const socket = await open(port, host);
  let received = '';
  let waiting: { resolve: (answer: { status: number; body: string }) => void; reject: (error: Error) => void };

  // Our own answers are ASCII: a character is a byte.
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    received += chunk;
    const headEnds = received.indexOf('\r\n\r\n');
    if (headEnds === -1) return;
    const length = /\r\ncontent-length: (\d+)/i.exec(received)?.[1];
    if (length === undefined) return waiting.reject(new Error(`No Content-Length in ${received}`));
    const bodyBegins = headEnds + 4;
    if (received.length < bodyBegins + Number(length)) return;
    const answer = { status: Number(received.slice(9, 12)), body: received.slice(bodyBegins) };
    received = '';
    waiting.resolve(answer);
  });
  const fail = (error: Error): void => waiting?.reject(error);
  socket.on('error', fail).on('close', () => fail(new Error('The server closed the connection.')));

  return {
    send: (request) =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        socket.write(request, 'latin1');
      }),
    close: () => void socket.destroy(),
  };
}

function open(port: number, host: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host, noDelay: true }, () => resolve(socket));
    socket.once('error', reject);
  });
}
