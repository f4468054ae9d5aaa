import { randomUUID } from 'node:crypto';
import { NativeConnection, Worker } from '@temporalio/worker';
import type { Logger } from '../../../src/platform/logger';
import { connectTemporalClient, type TemporalClient } from '../../../src/platform/temporal/temporal';
import { createSagaStarter, type SagaStarter } from '../../../src/sagas/start';
import { searchAttributes, taskQueues } from '../../../src/temporal-contract';
import { refuses } from '../../../workflows/saga/testing';
import { createDeferred } from '../../support/deferred';
import { givenServices } from '../../support/e2e-stack';
import { silentLogger } from '../../support/logger';
import { createTcpProxy, type TcpProxy } from '../../support/network/tcp-proxy';
import { createSagaFakes, type FakeSagaActivities } from '../../support/sagas/saga-activities';
import { paymentSagaInput } from '../../support/sagas/saga-inputs';
import { silenceTemporal } from '../../support/sagas/time-skipping-server';
import { workflowBundle } from '../../support/sagas/workflow-bundle';
import { createNamespace } from '../../support/temporal';

const namespace = `start-saga-${randomUUID()}`;
const { temporalAddress: address } = givenServices();
const [host = '', port = ''] = address.split(':');

let proxy: TcpProxy;
let connection: NativeConnection;
let temporal: TemporalClient;
let sagas: SagaStarter;

beforeAll(async () => {
  silenceTemporal();
  await createNamespace({ address, namespace });
  proxy = await createTcpProxy({ host, port: Number(port) });
  connection = await NativeConnection.connect({ address });
}, 60_000);

beforeEach(() => {
  proxy.restore();
  temporal = connectTemporalClient({ config: { connection: { address: `127.0.0.1:${proxy.port}` }, namespace } });
  sagas = createSagaStarter({ temporal, compensationMaxIntervalMs: 1_000, logger: silentLogger });
});
afterEach(() => temporal.close());

afterAll(async () => {
  await connection?.close();
  await proxy?.close();
});

const newSaga = () => {
  const input = paymentSagaInput();
  return { saga_id: input.saga_id, type: 'payment' as const, input };
};

/** With a worker that runs the sagas' workflows on these activities. */
async function withWorker(fake: FakeSagaActivities, story: () => Promise<void>): Promise<void> {
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue: taskQueues.sagas,
    workflowBundle: await workflowBundle(),
    activities: fake.activities,
  });
  await worker.runUntil(story);
}

async function took(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

it('starts a saga once for repeated starts, and returns its result', async () => {
  const fake = createSagaFakes();
  const saga = newSaga();
  await withWorker(fake, async () => {
    expect(await Promise.all([sagas.start(saga), sagas.start(saga)])).toEqual([true, true]);
    const result = { capture_ref: 'cap_1', balance_tx_id: 'ltx_1' };
    expect(await sagas.result(saga.saga_id, 20_000)).toEqual({ state: 'completed', result });
    // It has ended: that is success too, and it does not begin again.
    expect(await sagas.start(saga)).toBe(true);
    expect(await sagas.result(saga.saga_id, 20_000)).toEqual({ state: 'completed', result });
  });
  expect(fake.calls).toEqual(['closeInvoice', 'creditBalance', 'settlePayment']);
});

it('finds a saga in Temporal by its search attributes', async () => {
  const saga = newSaga();
  await sagas.start(saga);
  const handle = temporal.client.workflow.getHandle(saga.saga_id);
  const { typedSearchAttributes } = await handle.describe();
  const { orderId, customerId, sagaState, step } = searchAttributes;
  expect([orderId, customerId, sagaState, step].map((key) => typedSearchAttributes.get(key))).toEqual([
    saga.input.order_id,
    saga.input.customer_id,
    'running',
    'close_invoice',
  ]);
  await handle.terminate();
});

it('returns the failure of a compensated saga', async () => {
  const fake = createSagaFakes();
  fake.make('creditBalance', refuses('account_closed'));
  const saga = newSaga();
  await withWorker(fake, async () => {
    await sagas.start(saga);
    expect(await sagas.result(saga.saga_id, 20_000)).toEqual({
      state: 'compensated',
      failure: { failed_step: 'credit_balance', code: 'account_closed', detail: 'Refused: account_closed.' },
    });
  });
});

it('waits no longer than its deadline', async () => {
  const saga = newSaga();
  await sagas.start(saga);
  const waited = await took(async () => {
    expect(await sagas.result(saga.saga_id, 700)).toEqual({ state: 'pending' });
  });
  expect(waited).toBeGreaterThanOrEqual(600);
  expect(waited).toBeLessThan(3_000);
  await temporal.client.workflow.getHandle(saga.saga_id).terminate();
});

it('waits for a saga that is started meanwhile', async () => {
  const saga = newSaga();
  const closing = createDeferred();
  const fake = createSagaFakes();
  fake.make('closeInvoice', () => closing.promise);
  await withWorker(fake, async () => {
    const result = sagas.result(saga.saga_id, 20_000);
    await sagas.start(saga);
    closing.resolve();
    expect(await result).toMatchObject({ state: 'completed' });
  });
});

it('returns pending at once while Temporal is away, and starts the saga when it is back', async () => {
  const saga = newSaga();
  proxy.cut();
  const waited = await took(async () => {
    expect(await sagas.start(saga)).toBe(false);
    expect(await sagas.result(saga.saga_id, 10_000)).toEqual({ state: 'pending' });
  });
  expect(waited).toBeLessThan(2_000);

  proxy.restore();
  const until = performance.now() + 10_000;
  while (!(await sagas.start(saga)) && performance.now() < until);
  await temporal.client.workflow.getHandle(saga.saga_id).terminate();
});

it.each([
  ['an id that is too long', { saga_id: 'payment-'.repeat(200) }],
  ['a type that there is not', { type: 'nonsense' as 'payment' }],
  ['no input', { input: null as never }],
])('reports why Temporal refuses a saga with %s', async (_, broken) => {
  const failure = await sagas.attempt({ ...newSaga(), ...broken }, 2_000);
  expect(failure).toEqual({ reason: expect.stringMatching(/.+/), kind: 'refused' });
});

it('logs a missing namespace at once, with the command that creates it', async () => {
  const config = { connection: { address }, namespace: 'nowhere' };
  const elsewhere = connectTemporalClient({ config });
  const lines: object[] = [];
  const logger = { ...silentLogger, error: (line: object) => lines.push(line) } as unknown as Logger;
  const starter = createSagaStarter({
    temporal: elsewhere,
    compensationMaxIntervalMs: 1,
    logger,
  });
  const saga = newSaga();
  expect(await starter.start(saga)).toBe(false);
  const reason = 'Temporal has no namespace nowhere: run `paysaga setup temporal`';
  expect(lines).toEqual([{ saga_id: saga.saga_id, reason, command: 'paysaga setup temporal' }]);
  expect(await starter.attempt(saga, 2_000)).toMatchObject({ reason, kind: 'setup' });
  await elsewhere.close();
});

it('gives up a start after half a second when Temporal hangs', async () => {
  proxy.stall();
  const waited = await took(async () => expect(await sagas.start(newSaga())).toBe(false));
  expect(waited).toBeGreaterThanOrEqual(400);
  expect(waited).toBeLessThan(2_000);
});
