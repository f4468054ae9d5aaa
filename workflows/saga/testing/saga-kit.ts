import { randomUUID } from 'node:crypto';
import { type WorkflowHandle, WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, type Workflow } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { bundleWorkflowCode, Worker, type WorkflowBundleOption } from '@temporalio/worker';
import { SAGA_COMPENSATED, type SagaFailure, type SagaStatus } from '../../../src/contract';
import type { FakeActivities } from './fake-activities';
import { type SagaServerOptions, startSagaServer } from './saga-server';

/** The workflows: a file that exports them, or their bundle. */
type Code = { readonly workflowsPath: string } | { readonly workflowBundle: WorkflowBundleOption };

export type SagaKitOptions = Code & { readonly server?: SagaServerOptions };

export interface SagaRun<W extends Workflow, A> {
  readonly workflow: W;
  readonly args: Parameters<W>;
  /** A new one unless told. */
  readonly workflowId?: string;
  readonly fakes: FakeActivities<A>;
}

export interface SagaKit {
  /** The server of the run at hand. */
  server(): TestWorkflowEnvironment;
  /**
   * Runs one saga, as long as the story takes. What has not ended by then is terminated, and the next run has a new
   * server: the clock of this one would stand still.
   */
  run<W extends Workflow, A>(saga: SagaRun<W, A>, story: (saga: WorkflowHandle<W>) => Promise<void>): Promise<void>;
  /**
   * Lets the saga go on until its status is as wanted, skipping time; 2 s a look unless told.
   *
   * @throws Error after 100 looks, and ten seconds of real time
   */
  until(saga: WorkflowHandle, wanted: (status: SagaStatus) => boolean, skip?: string | number): Promise<SagaStatus>;
  close(): Promise<void>;
}

const quiet = { log() {}, trace() {}, debug() {}, info() {}, warn: console.warn, error: console.error };

/** Sagas in skipped time, one at a time, with fakes for what they ask. Close it at the end. */
export async function createSagaKit({ server: options, ...code }: SagaKitOptions): Promise<SagaKit> {
  const workflowBundle =
    'workflowBundle' in code ? code.workflowBundle : await bundleWorkflowCode({ ...code, logger: quiet });
  let server = await startSagaServer(options);
  let clockStands = false;

  return {
    server: () => server,
    async run({ workflow, args, workflowId = `saga-${randomUUID()}`, fakes }, story) {
      if (clockStands) {
        await server.teardown();
        server = await startSagaServer(options);
      }
      clockStands = true;
      const { nativeConnection: connection, client } = server;
      const taskQueue = `sagas-${randomUUID()}`;
      const activities = fakes.activities as object;
      const worker = await Worker.create({ connection, taskQueue, workflowBundle, activities });
      await worker.runUntil(async () => {
        const saga = await client.workflow.start<Workflow>(workflow, { workflowId, taskQueue, args });
        await story(saga);
        const { status } = await saga.describe();
        clockStands = status.name === 'RUNNING' || fakes.underWay() > 0;
        if (status.name === 'RUNNING') await saga.terminate();
      });
    },
    async until(saga, wanted, skip = '2s') {
      const patience = performance.now() + 10_000;
      for (let look = 0; look < 100 || performance.now() < patience; look += 1) {
        const status = await saga.query<SagaStatus>('status');
        if (wanted(status)) return status;
        await server.sleep(skip as '2s');
      }
      throw new Error(`The saga did not get there: ${JSON.stringify(await saga.query('status'))}`);
    },
    close: () => server.teardown(),
  };
}

/** The failure that a compensated saga ends with. @throws Error when it ends otherwise */
export async function failureOf(saga: WorkflowHandle): Promise<SagaFailure> {
  const error: unknown = await saga.result().then(
    () => new Error('The saga completed.'),
    (reason: unknown) => reason,
  );
  const cause = error instanceof WorkflowFailedError ? error.cause : undefined;
  if (!(cause instanceof ApplicationFailure) || cause.type !== SAGA_COMPENSATED) throw error;
  return cause.details?.[0] as SagaFailure;
}

/** How long the saga took, in the server's own time: its clock runs on to the next time-out afterwards. */
export async function minutesOf(saga: WorkflowHandle): Promise<number> {
  const { startTime, closeTime } = await saga.describe();
  if (!closeTime) throw new Error('The saga still runs.');
  return (closeTime.getTime() - startTime.getTime()) / 60_000;
}
