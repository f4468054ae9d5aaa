import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { run } from '../../../dev/os/child';
import { createPorts } from '../../../dev/os/ports';
import { orderCommands } from '../../../dev/stack/stack-file';
import { type E2eStack, startE2eStack } from '../../support/e2e-stack';

/** Another program on the API's port. It answers 200 to every request, as an API that is ready does. */
let other: Server;
let taken: number;

beforeAll(async () => {
  other = createServer((_, response) => response.setHeader('content-type', 'application/json').end('{"status":"ok"}'));
  await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening));
  taken = (other.address() as AddressInfo).port;
});
afterAll(() => new Promise((closed) => other.close(closed)));

describe('a stack whose port another program takes while it starts', () => {
  let stack: E2eStack | undefined;
  let tried: number[];
  afterAll(() => stack?.stop());

  it('takes the next port, and waits until all three processes are ready', async () => {
    const ports = createPorts();
    tried = [];
    const takePort = async (): Promise<number> => {
      tried.push(tried.length === 0 ? taken : await ports.take());
      return tried.at(-1) ?? 0;
    };
    stack = await startE2eStack({ takePort, untilReady: true });
    expect(tried).toHaveLength(2);
    expect(stack.processes.api.url).toBe(`http://127.0.0.1:${tried[1]}`);
    for (const name of ['api', 'worker', 'consumer'] as const) {
      const ready = await fetch(stack.processes.metrics[name].replace('/metrics', '/health/ready'));
      expect([name, ready.status, ready.headers.get('x-paysaga-instance')]).toEqual([
        name,
        200,
        expect.stringMatching(new RegExp(`^${name}-[0-9a-f]{8}$`)),
      ]);
    }
  }, 120_000);

  it('says so once: the API that lacks its port is not started on it again', () => {
    const lines = stack?.log.filter((line) => line.startsWith('api')) ?? [];
    expect(
      lines.filter((line) => line.includes(`Port ${taken} of 127.0.0.1 is taken by another program`)),
    ).toHaveLength(1);
    expect(lines.filter((line) => line.includes('ended: '))).toEqual([expect.stringContaining('ended: exit code 3')]);
    expect(lines.filter((line) => line.includes('    at '))).toEqual([]);
  });

  it('pays an order with the commands that `npm start` prints', async () => {
    if (!stack) throw new Error('There is no stack.');
    const { place, pay } = orderCommands({ apiUrl: stack.processes.api.url, keys: stack.keys });
    const { code, output } = await run('bash', ['-c', `${place}\n${pay}`], { timeoutMs: 30_000 });
    expect([code, output]).toEqual([0, expect.stringContaining('"status":"PENDING_PAYMENT"')]);
    expect(output).toContain('{"status":"ok","saga_id":"payment-pay_for_ord_');
  });
});

it('a stack whose PORT another program has ends with one sentence that says what to do', async () => {
  await expect(startE2eStack({ env: { PORT: String(taken) } })).rejects.toMatchObject({
    name: 'Problem',
    message: expect.stringMatching(
      new RegExp(`^Port ${taken} is taken by another program \\(.+\\): set PORT to a free port, or unset it[^.]*\\.$`),
    ),
  });
}, 120_000);
