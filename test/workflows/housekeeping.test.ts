import { randomUUID } from 'node:crypto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import type { housekeeping } from '../../workflows';
import { recordHistory } from '../support/sagas/histories';
import { startTimeSkippingServer } from '../support/sagas/time-skipping-server';
import { workflowBundle } from '../support/sagas/workflow-bundle';

let server: TestWorkflowEnvironment;
beforeAll(async () => {
  server = await startTimeSkippingServer();
}, 60_000);
afterAll(() => server?.teardown());

it('retries until the database is back, and returns the number of deleted rows', async () => {
  const report = { inbox: 12, dead_letter: 1 };
  let calls = 0;
  const deleteExpiredRows = async () => {
    calls += 1;
    if (calls < 3) throw new Error('Postgres is away.');
    return report;
  };
  const taskQueue = `housekeeping-${randomUUID()}`;
  const worker = await Worker.create({
    connection: server.nativeConnection,
    taskQueue,
    workflowBundle: await workflowBundle(),
    activities: { deleteExpiredRows },
  });
  await worker.runUntil(async () => {
    const workflow = await server.client.workflow.start<typeof housekeeping>('housekeeping', {
      workflowId: taskQueue,
      taskQueue,
    });
    expect(await workflow.result()).toEqual(report);
    if (process.env.RECORD_HISTORIES) await recordHistory('housekeeping', workflow);
  });
  expect(calls).toBe(3);
});
