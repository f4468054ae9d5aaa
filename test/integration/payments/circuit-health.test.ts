import { waitUntil } from '../../../dev/os/ports';
import { judgeCircuits } from '../../../src/health-checks';
import { type Circuit, createCircuit } from '../../../src/platform/circuit-breaker';
import { readOpenCircuits, reportOpenCircuits, writeOpenCircuits } from '../../../src/platform/circuit-reports';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { silentLogger } from '../../support/logger';

let db: TestDatabase;
const circuits: Circuit[] = [];

beforeAll(async () => {
  db = await createTestDatabase();
});
afterEach(async () => {
  circuits.splice(0).forEach((circuit) => circuit.close());
  await db.query('DELETE FROM circuit_breaker');
});
afterAll(() => db.close());

const open = (name: string) => ({ name, state: 'open' as const, changedAt: new Date() });
const findings = async () => ({
  payment_provider: judgeCircuits(await readOpenCircuits(db.database, 'payment_provider')),
  carrier: judgeCircuits(await readOpenCircuits(db.database, 'carrier')),
});

it('is healthy while no open circuit is reported', async () => {
  expect(await findings()).toEqual({ payment_provider: { status: 'healthy' }, carrier: { status: 'healthy' } });
});

it('is degraded, and names the circuit, while it is open in a worker', async () => {
  await writeOpenCircuits(db.database, 'one', [open('payment_provider/test'), open('payment_provider/standby')]);
  await writeOpenCircuits(db.database, 'two', [open('payment_provider/test')]);
  const detail = 'circuit open: payment_provider/standby (1 worker), payment_provider/test (2 workers)';
  expect(await findings()).toEqual({
    payment_provider: { status: 'degraded', detail },
    carrier: { status: 'healthy' },
  });
});

it('removes only the circuits that a worker no longer reports', async () => {
  await writeOpenCircuits(db.database, 'one', [open('payment_provider/test'), open('carrier')]);
  await writeOpenCircuits(db.database, 'two', [open('carrier')]);
  await writeOpenCircuits(db.database, 'one', [{ ...open('carrier'), state: 'half_open' }]);
  const rows = await db.query('SELECT name, worker, state FROM circuit_breaker ORDER BY worker');
  expect(rows).toEqual([
    { name: 'carrier', worker: 'one', state: 'half_open' },
    { name: 'carrier', worker: 'two', state: 'open' },
  ]);
});

it('ignores a dead worker, whose rows the next report removes', async () => {
  await writeOpenCircuits(db.database, 'gone', [open('carrier')]);
  await db.query(`UPDATE circuit_breaker SET seen_at = now() - interval '11 seconds'`);
  expect((await findings()).carrier).toEqual({ status: 'healthy' });
  await writeOpenCircuits(db.database, 'one', [open('payment_provider/test')]);
  expect(await db.query('SELECT worker FROM circuit_breaker')).toEqual([{ worker: 'one' }]);
});

it('reports a circuit from its opening to its closing, and refreshes the report', async () => {
  const circuit = createCircuit({ name: 'carrier', timeoutMs: 1_000, pauseMs: 1_500, logger: silentLogger });
  circuits.push(circuit);
  const stop = new AbortController();
  const reporting = reportOpenCircuits({
    database: db.database,
    circuits: [circuit],
    logger: silentLogger,
    signal: stop.signal,
  });
  const away = async (): Promise<never> => {
    throw new Error('away');
  };
  const seen = async () => (await db.query<{ seen_at: Date }>('SELECT seen_at FROM circuit_breaker'))[0]?.seen_at;
  const until = async (probe: () => Promise<boolean>) =>
    expect(await waitUntil(probe, { timeoutMs: 10_000, everyMs: 20 })).toBe(true);
  try {
    for (let call = 0; call < 5; call++) await expect(circuit.call(away)).rejects.toThrow('away');
    await until(async () => (await findings()).carrier.status === 'degraded');
    const first = await seen();
    await until(async () => Number(await seen()) > Number(first));
    await until(async () => circuit.state === 'half_open');
    await circuit.call(async () => 'back');
    await until(async () => (await findings()).carrier.status === 'healthy');
  } finally {
    stop.abort();
    await reporting;
  }
});

it('reports an unused circuit for a minute after its pause', async () => {
  const idle = (name: string, seconds: number): Circuit => ({
    name,
    state: 'half_open',
    changedAt: new Date(Date.now() - seconds * 1_000),
    isOpen: () => false,
    call: () => Promise.reject(new Error('Nobody needs it.')),
    close: () => undefined,
  });
  const stop = new AbortController();
  const reporting = reportOpenCircuits({
    database: db.database,
    circuits: [idle('carrier', 61), idle('payment_provider/test', 30)],
    logger: silentLogger,
    signal: stop.signal,
  });
  const told = async () => (await findings()).payment_provider.status === 'degraded';
  expect(await waitUntil(told, { timeoutMs: 10_000, everyMs: 20 })).toBe(true);
  expect((await findings()).carrier.status).toBe('healthy');
  stop.abort();
  await reporting;
});

it('removes its report when the worker stops', async () => {
  const circuit = createCircuit({ name: 'carrier', timeoutMs: 1_000, logger: silentLogger });
  circuits.push(circuit);
  const stop = new AbortController();
  const away = async (): Promise<never> => {
    throw new Error('away');
  };
  for (let call = 0; call < 5; call++) await expect(circuit.call(away)).rejects.toThrow('away');
  const { database } = db;
  const reporting = reportOpenCircuits({ database, circuits: [circuit], logger: silentLogger, signal: stop.signal });
  const told = async () => (await findings()).carrier.status === 'degraded';
  expect(await waitUntil(told, { timeoutMs: 10_000, everyMs: 20 })).toBe(true);
  stop.abort();
  await reporting;
  expect(await db.query('SELECT FROM circuit_breaker')).toEqual([]);
});
