import { randomUUID } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import type { ReconciliationActivities } from '../../activities';
import { statementNames } from '../../src/temporal-contract';
import type { reconciliation } from '../../workflows';
import { recordHistory } from '../support/sagas/histories';
import { startTimeSkippingServer } from '../support/sagas/time-skipping-server';
import { workflowBundle } from '../support/sagas/workflow-bundle';

let server: TestWorkflowEnvironment;
beforeAll(async () => {
  server = await startTimeSkippingServer();
}, 60_000);
afterAll(() => server?.teardown());

/** The workflow on activities that say what they were asked for. */
async function run(history: string, copyProviderCharges: ReconciliationActivities['copyProviderCharges']) {
  const calls: string[] = [];
  const activities: ReconciliationActivities = {
    beginReconciliation: async () => ({ run_id: 'rec_1', since: '2026-01-01T00:00:00Z', providers: ['one', 'two'] }),
    async copyProviderCharges(asked) {
      calls.push(`copy ${asked.provider}`);
      return copyProviderCharges(asked);
    },
    async compareBook({ book }) {
      calls.push(`compare ${book}`);
      return { compared: 2, differences: 1 };
    },
    async finishReconciliation({ unread }) {
      calls.push(`finish without ${unread.join() || 'none'}`);
      return 4;
    },
  };
  const taskQueue = `reconciliation-${randomUUID()}`;
  const worker = await Worker.create({
    connection: server.nativeConnection,
    taskQueue,
    workflowBundle: await workflowBundle(),
    activities,
  });
  const report = await worker.runUntil(async () => {
    const workflow = await server.client.workflow.start<typeof reconciliation>('reconciliation', {
      workflowId: taskQueue,
      taskQueue,
    });
    const result = await workflow.result();
    if (process.env.RECORD_HISTORIES) await recordHistory(history, workflow);
    return result;
  });
  return { calls, report };
}

const compared = statementNames.map((book) => `compare ${book}`);

it('copies each provider’s charges, then compares statement by statement', async () => {
  const { calls, report } = await run('reconciliation', async () => 3);
  expect(calls).toEqual(['copy one', 'copy two', ...compared, 'finish without none']);
  expect(report).toMatchObject({ run_id: 'rec_1', unread: [], resolved: 4, books: { orders: { differences: 1 } } });
});

it('compares the other statements when a provider is unavailable', async () => {
  const { calls, report } = await run('reconciliation-unread', async ({ provider }) => {
    if (provider === 'one') throw ApplicationFailure.create({ message: 'It is away.' });
    return 3;
  });
  expect(calls.filter((call) => call === 'copy one')).toHaveLength(5);
  expect(calls.slice(5)).toEqual(['copy two', ...compared, 'finish without one']);
  expect(report.unread).toEqual(['one']);
});
