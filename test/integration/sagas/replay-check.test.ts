import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import { bundleWorkflowCode, NativeConnection, Worker } from '@temporalio/worker';
import { run } from '../../../dev/os/child';
import { fromRoot } from '../../../dev/os/files';
import { taskQueues } from '../../../src/temporal-contract';
import { eventually } from '../../../testing/eventually';
import { housekeeping, orderSaga, paymentSaga } from '../../../workflows';
import { breaks } from '../../../workflows/saga/testing';
import { dataFolder, givenServices } from '../../support/e2e-stack';
import { createSagaFakes } from '../../support/sagas/saga-activities';
import { orderSagaInput, paymentSagaInput } from '../../support/sagas/saga-inputs';
import { silenceTemporal } from '../../support/sagas/time-skipping-server';
import { workflowBundle } from '../../support/sagas/workflow-bundle';
import { createNamespace } from '../../support/temporal';

const namespace = `replay-check-${randomUUID()}`;
const { temporalAddress: address } = givenServices();
const taskQueue = taskQueues.sagas;
const options = { compensation_max_interval_ms: 1_000 };

let connection: NativeConnection;
let client: Client;
let folder: string;
beforeAll(async () => {
  silenceTemporal();
  await createNamespace({ address, namespace });
  connection = await NativeConnection.connect({ address });
  client = new Client({ connection, namespace });
  folder = await mkdtemp(join(dataFolder(), 'replay-check-'));
}, 60_000);
afterAll(async () => {
  await connection?.close();
  if (folder) await rm(folder, { recursive: true });
});

/** The built program, as a shell runs it before a deploy. */
async function replayCheck(...args: string[]) {
  const env = { ...process.env, TEMPORAL_NAMESPACE: namespace };
  return run(process.execPath, [fromRoot('dist', 'src', 'cli.js'), 'replay-check', ...args], { env });
}

async function changedBundle(): Promise<string> {
  const file = join(folder, 'changed.js');
  const { code } = await bundleWorkflowCode({
    workflowsPath: require.resolve('../../support/sagas/changed/payment-saga'),
    logger: { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error: console.error },
  });
  await writeFile(file, code);
  return file;
}

/** Two sagas in the middle of a step, and a housekeeping: then the worker is gone, as before a deploy. */
async function leaveRunning(): Promise<{ payment: string; order: string }> {
  const fakes = createSagaFakes();
  fakes.make('creditBalance', breaks());
  fakes.make('charge', breaks());
  const deleteExpiredRows = () => breaks()(1);
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue,
    workflowBundle: await workflowBundle(),
    activities: { ...fakes.activities, deleteExpiredRows },
  });
  const payment = paymentSagaInput();
  const order = orderSagaInput();
  await worker.runUntil(async () => {
    const { workflow } = client;
    await workflow.start(paymentSaga, { taskQueue, workflowId: payment.saga_id, args: [payment, options] });
    await workflow.start(orderSaga, { taskQueue, workflowId: order.saga_id, args: [order, options] });
    await workflow.start(housekeeping, { taskQueue, workflowId: 'housekeeping' });
    await eventually(
      async () => {
        expect(fakes.attemptsOf('creditBalance')).toBeGreaterThan(1);
        expect(fakes.attemptsOf('charge')).toBeGreaterThan(0);
        const query = `ExecutionStatus = 'Running'`;
        expect((await workflow.count(query)).count).toBe(3);
      },
      { deadlineMs: 20_000 },
    );
  });
  return { payment: payment.saga_id, order: order.saga_id };
}

it('reports the running workflows that replay, and those that a change would strand', async () => {
  expect(await replayCheck()).toEqual({ code: 0, output: 'Nothing runs on the server.\n' });

  const running = await leaveRunning();
  const unchanged = await replayCheck();
  expect(unchanged.output).toMatch(/^housekeeping +1 +1 +0$/m);
  expect(unchanged.output).toMatch(/^orderSaga +1 +1 +0$/m);
  expect(unchanged.output).toMatch(/^paymentSaga +1 +1 +0$/m);
  expect(unchanged.code).toBe(0);

  const changed = await replayCheck('--bundle', await changedBundle());
  expect(changed.output).toMatch(/^paymentSaga +1 +0 +1$/m);
  expect(changed.output).toMatch(new RegExp(`^${running.payment} does not replay: .*[Nn]on-?determinis`, 'm'));
  expect(changed.output).toMatch(new RegExp(`^${running.order} does not replay: `, 'm'));
  expect(changed.code).toBe(1);

  const { output } = await replayCheck('--json');
  // Behind the progress, which a slow machine shows on stderr.
  expect(JSON.parse(output.slice(output.indexOf('{')))).toMatchObject({
    types: [{ failed: 0 }, { failed: 0 }, { failed: 0 }],
    failures: [],
  });
}, 120_000);
