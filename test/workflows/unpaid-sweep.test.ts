import { randomUUID } from 'node:crypto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import type { unpaidSweep } from '../../workflows';
import { recordHistory } from '../support/sagas/histories';
import { startTimeSkippingServer } from '../support/sagas/time-skipping-server';
import { workflowBundle } from '../support/sagas/workflow-bundle';

let server: TestWorkflowEnvironment;
beforeAll(async () => {
  server = await startTimeSkippingServer();
}, 60_000);
afterAll(() => server?.teardown());

it('retries until the database is back, and returns the number of cancelled orders', async () => {
  const report = { cancelled: 3, failed: 1 };
  let calls = 0;
  const cancelUnpaidOrders = async () => {
    calls += 1;
    if (calls < 3) throw new Error('Postgres is away.');
    return report;
  };
  const taskQueue = `unpaid-${randomUUID()}`;
  const worker = await Worker.create({
    connection: server.nativeConnection,
    taskQueue,
    workflowBundle: await workflowBundle(),
    activities: { cancelUnpaidOrders },
  });
  await worker.runUntil(async () => {
    const workflow = await server.client.workflow.start<typeof unpaidSweep>('unpaidSweep', {
      workflowId: taskQueue,
      taskQueue,
    });
    expect(await workflow.result()).toEqual(report);
    if (process.env.RECORD_HISTORIES) await recordHistory('unpaid-sweep', workflow);
  });
  expect(calls).toBe(3);
});
