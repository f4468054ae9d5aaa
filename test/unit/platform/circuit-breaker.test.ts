import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { waitUntil } from '../../../dev/os/ports';
import {
  type Circuit,
  type CircuitOptions,
  createCircuit,
  createCircuitMetrics,
} from '../../../src/platform/circuit-breaker';
import { createMetrics } from '../../../src/platform/metrics';
import { Refusal } from '../../../src/platform/refusal';
import { createDeferred } from '../../support/deferred';
import { silentLogger } from '../../support/logger';
import { parseExposition } from '../../support/prometheus';

const circuits: Circuit[] = [];
afterEach(() => circuits.splice(0).forEach((circuit) => circuit.close()));

function circuitWith(options: Partial<CircuitOptions> = {}): Circuit {
  const circuit = createCircuit({ name: 'party', timeoutMs: 1_000, pauseMs: 60, logger: silentLogger, ...options });
  circuits.push(circuit);
  return circuit;
}

const succeed = async () => 'well';
const fail = async (): Promise<never> => {
  throw new Error('away');
};
const refuse = async (): Promise<never> => {
  throw new Refusal('payment_declined', 'No.');
};

async function open(circuit: Circuit): Promise<void> {
  for (let call = 0; call < 5; call++) await expect(circuit.call(fail)).rejects.toThrow('away');
}

const becomes = async (circuit: Circuit, state: Circuit['state']): Promise<void> =>
  expect(await waitUntil(async () => circuit.state === state, { timeoutMs: 5_000, everyMs: 5 })).toBe(true);

it('opens after the last calls failed, and then asks nobody', async () => {
  const circuit = circuitWith({ pauseMs: 60_000 });
  await open(circuit);
  expect(circuit).toMatchObject({ state: 'open' });
  expect(circuit.isOpen()).toBe(true);
  let asked = false;
  const call = circuit.call(async () => void (asked = true));
  await expect(call).rejects.toMatchObject({ name: 'CircuitOpen', code: 'circuit_open' });
  expect(asked).toBe(false);
});

it('stays closed over a few failures, and while most calls succeed', async () => {
  const circuit = circuitWith();
  for (let call = 0; call < 4; call++) await expect(circuit.call(fail)).rejects.toThrow('away');
  for (let call = 0; call < 8; call++) await circuit.call(succeed);
  for (let call = 0; call < 3; call++) await expect(circuit.call(fail)).rejects.toThrow('away');
  expect(circuit.state).toBe('closed');
});

it('is never opened by refusals, and passes them on', async () => {
  const circuit = circuitWith();
  for (let call = 0; call < 50; call++) await expect(circuit.call(refuse)).rejects.toMatchObject({ name: 'Refusal' });
  expect(circuit.state).toBe('closed');
});

it.each([
  ['succeeds', succeed],
  ['is refused: who refuses is there', refuse],
])('closes again when the call after the pause %s', async (_how, run) => {
  const circuit = circuitWith();
  await open(circuit);
  await becomes(circuit, 'half_open');
  expect(circuit.isOpen()).toBe(false);
  await circuit.call<unknown>(run).catch(() => undefined);
  expect(circuit.state).toBe('closed');
  expect(await circuit.call(succeed)).toBe('well');
});

it('opens anew when the call after the pause fails', async () => {
  const circuit = circuitWith();
  await open(circuit);
  await becomes(circuit, 'half_open');
  await expect(circuit.call(fail)).rejects.toThrow('away');
  expect(circuit.state).toBe('open');
  await becomes(circuit, 'half_open');
});

it('lets one call alone try after the pause', async () => {
  const circuit = circuitWith();
  await open(circuit);
  await becomes(circuit, 'half_open');
  const gate = createDeferred();
  const first = circuit.call(() => gate.promise);
  expect(circuit.isOpen()).toBe(true);
  await expect(circuit.call(succeed)).rejects.toMatchObject({ code: 'circuit_open' });
  gate.resolve();
  await first;
  expect(circuit.state).toBe('closed');
});

it('opens by time-outs, also of calls that do not heed their signal', async () => {
  const circuit = circuitWith({ timeoutMs: 10, pauseMs: 60_000 });
  const never = () => new Promise<never>(() => undefined);
  const calls = Array.from({ length: 5 }, () => circuit.call(never));
  for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'call_timed_out' });
  expect(circuit.state).toBe('open');
});

it('aborts the HTTP request of a call that timed out, and no other one', async () => {
  const cut = createDeferred();
  let closed = 0;
  const server = createServer((request, response) => {
    request.socket.once('close', () => void (closed += 1));
    if (request.url === '/never') request.socket.once('close', cut.resolve);
    if (request.url === '/after-250-ms') setTimeout(() => response.end('in time'), 250);
    if (request.url === '/after-the-cut') void cut.promise.then(() => response.end('untouched'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const circuit = circuitWith({ timeoutMs: 500 });
  const get = (path: string) => circuit.call(async (signal) => (await fetch(`${url}${path}`, { signal })).text());
  try {
    const hanging = expect(get('/never')).rejects.toMatchObject({ code: 'call_timed_out' });
    expect(await get('/after-250-ms')).toBe('in time');
    const other = get('/after-the-cut');
    await hanging;
    expect(await other).toBe('untouched');
    expect(closed).toBe(1);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

it('tells its state and its calls to Prometheus', async () => {
  const metrics = createMetrics();
  const circuit = circuitWith({ metrics: createCircuitMetrics(metrics), pauseMs: 60_000 });
  const read = async () => parseExposition(await metrics.render());
  const states = async () => {
    const { samples } = await read();
    return samples.filter(({ name, value }) => name === 'paysaga_circuit_state' && value === 1);
  };
  expect(await states()).toMatchObject([{ labels: { name: 'party', state: 'closed' } }]);
  await circuit.call(succeed);
  await expect(circuit.call(refuse)).rejects.toThrow();
  for (let call = 0; call < 3; call++) await expect(circuit.call(fail)).rejects.toThrow('away');
  await expect(circuit.call(succeed)).rejects.toThrow();
  expect(await states()).toMatchObject([{ labels: { name: 'party', state: 'open' } }]);
  const { sum } = await read();
  const counted = (result: string) => sum('paysaga_circuit_calls_total', { name: 'party', result });
  expect(['success', 'refusal', 'failure', 'cut_off'].map(counted)).toEqual([1, 1, 3, 1]);
});
