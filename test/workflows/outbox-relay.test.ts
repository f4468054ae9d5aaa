import { Context } from '@temporalio/activity';
import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import type { OutboxActivities } from '../../activities';
import { relayWorkflowId, taskQueues } from '../../src/temporal-contract';
import type { outboxRelay } from '../../workflows';
import { createDeferred } from '../support/deferred';
import { startTimeSkippingServer } from '../support/sagas/time-skipping-server';
import { workflowBundle } from '../support/sagas/workflow-bundle';

type RelayHandle = WorkflowHandle<typeof outboxRelay>;
type Run = Awaited<ReturnType<OutboxActivities['relayOutbox']>>;

const idle: Run = { published: 0, fencedOff: false };
const forever = new Promise<never>(() => undefined);

let server: TestWorkflowEnvironment;
let groups = 0;
beforeAll(async () => {
  server = await startTimeSkippingServer();
}, 60_000);
afterAll(() => server?.teardown());

/**
 * Runs a relay workflow whose activity is `run`, told how often it was called, until the story is over.
 * The activity's promise need not end: its worker is not waited for.
 */
async function relaying(
  run: (count: number) => Promise<Run>,
  story: (relay: RelayHandle) => Promise<void>,
): Promise<void> {
  let count = 0;
  const relayOutbox = (): Promise<Run> =>
    Promise.race([run(++count), Context.current().cancelled.catch(() => idle) as Promise<Run>]);
  const { nativeConnection: connection, client } = server;
  const workflowWorker = await Worker.create({
    connection,
    taskQueue: taskQueues.sagas,
    workflowBundle: await workflowBundle(),
  });
  const relayWorker = await Worker.create({ connection, taskQueue: taskQueues.relay, activities: { relayOutbox } });
  const group = groups++;

  await relayWorker.runUntil(
    workflowWorker.runUntil(async () => {
      const relay = await client.workflow.start<typeof outboxRelay>('outboxRelay', {
        workflowId: relayWorkflowId(group),
        taskQueue: taskQueues.sagas,
        args: [{ group }],
      });
      await story(relay).finally(() => relay.terminate().catch(() => undefined));
    }),
  );
}

it('runs the activity again whenever it returns', async () => {
  const third = createDeferred();
  const run = (count: number): Promise<Run> => {
    if (count < 3) return Promise.resolve(idle);
    third.resolve();
    return forever;
  };
  await relaying(run, () => third.promise);
});

it('tries again every 200 ms, whatever fails', async () => {
  const sixth = createDeferred();
  const started = Date.now();
  const run = async (count: number): Promise<Run> => {
    if (count < 6) throw new Error('Postgres is away.');
    sixth.resolve();
    return forever;
  };
  await relaying(run, () => sixth.promise);
  expect(Date.now() - started).toBeLessThan(5_000);
});

it('waits before it takes shards back from a relay that is not its own', async () => {
  const second = createDeferred();
  let secondAt = 0;
  const run = async (count: number): Promise<Run> => {
    if (count === 1) return { published: 3, fencedOff: true };
    secondAt = await server.currentTimeMs();
    second.resolve();
    return forever;
  };
  const started = await server.currentTimeMs();
  await relaying(run, async () => {
    await server.sleep('4s');
    await server.sleep('2s');
    await second.promise;
    expect(secondAt - started).toBeGreaterThanOrEqual(5_000);
  });
});

it('continues as new before its history grows', async () => {
  const runIds = new Set<string>();
  const continued = createDeferred();
  const run = async (): Promise<Run> => {
    runIds.add(Context.current().info.workflowExecution?.runId ?? '');
    if (runIds.size < 2) return idle;
    continued.resolve();
    return forever;
  };
  await relaying(run, async (relay) => {
    const { runId } = await relay.describe();
    await continued.promise;
    expect([...runIds][0]).toBe(runId);
    const first = await server.client.workflow.getHandle(relay.workflowId, runId).describe();
    expect(first.status.name).toBe('CONTINUED_AS_NEW');
    expect(first.historyLength).toBeLessThan(5_000);
  });
});

it('ends for a group that the deployment does not have', async () => {
  const run = async (): Promise<Run> => {
    throw ApplicationFailure.nonRetryable('There is no relay group 16.', 'relay_group_unknown');
  };
  await relaying(run, async (relay) => {
    await expect(relay.result()).rejects.toMatchObject({ cause: { cause: { type: 'relay_group_unknown' } } });
  });
});
