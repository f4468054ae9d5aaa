import { randomUUID } from 'node:crypto';
import { connectHttp } from './http-connection';
import { type LoadSpec, runLoadProgram } from './load-program';

export interface HttpLoadSpec extends LoadSpec {
  readonly port: number;
  readonly method: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent by turns. */
  readonly requests: readonly { readonly path: string; readonly body?: string }[];
  /** Each of them once: the load fails when there are too few. */
  readonly once?: boolean;
  /** Every request has an `Idempotency-Key` of its own. */
  readonly idempotencyKeys?: boolean;
  /** The one that is right. */
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
