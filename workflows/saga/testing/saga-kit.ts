import { randomUUID } from 'node:crypto';
import { type WorkflowHandle, WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, type Workflow } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { bundleWorkflowCode, Worker, type WorkflowBundleOption } from '@temporalio/worker';
import { SAGA_COMPENSATED, type SagaFailure, type SagaStatus } from '../../../src/temporal-contract';
import type { FakeActivities } from './fake-activities';
import { type SagaServerOptions, startSagaServer } from './saga-server';

/** The workflow code: a file that exports the workflows, or their bundle. */
type Code = { readonly workflowsPath: string } | { readonly workflowBundle: WorkflowBundleOption };

/** The workflow code and, optionally, the test server. */
export type SagaKitOptions = Code & { readonly server?: SagaServerOptions };

/** One saga to run. */
export interface SagaRun<W extends Workflow, A> {
  readonly workflow: W;
  readonly args: Parameters<W>;
  /** Defaults to a new id. */
  readonly workflowId?: string;
  readonly fakes: FakeActivities<A>;
}

/** Runs sagas on a server that skips time. */
export interface SagaKit {
  /** The server of the current run. */
  server(): TestWorkflowEnvironment;
  /**
   * Runs one saga until `story` resolves, and then terminates it if it still runs. The next run has a new server after a
   * termination, because the clock of the server would stand still.
   */
  run<W extends Workflow, A>(saga: SagaRun<W, A>, story: (saga: WorkflowHandle<W>) => Promise<void>): Promise<void>;
  /**
   * Polls the saga's status until `wanted` returns `true`, and skips time between two polls. Defaults to 2 s.
   *
   * @throws Error after 100 polls and ten seconds of real time
   */
  until(saga: WorkflowHandle, wanted: (status: SagaStatus) => boolean, skip?: string | number): Promise<SagaStatus>;
  close(): Promise<void>;
}

const quiet = { log() {}, trace() {}, debug() {}, info() {}, warn: console.warn, error: console.error };

/** Creates a kit that runs one saga at a time. Close it at the end. */
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
      for (let poll = 0; poll < 100 || performance.now() < patience; poll += 1) {
        const status = await saga.query<SagaStatus>('status');
        if (wanted(status)) return status;
        await server.sleep(skip as '2s');
      }
      throw new Error(`The saga did not get there: ${JSON.stringify(await saga.query('status'))}`);
    },
    close: () => server.teardown(),
  };
}

/** Waits for the failure of a compensated saga. @throws Error when the saga ends otherwise */
export async function failureOf(saga: WorkflowHandle): Promise<SagaFailure> {
  const error: unknown = await saga.result().then(
    () => new Error('The saga completed.'),
    (reason: unknown) => reason,
  );
  const cause = error instanceof WorkflowFailedError ? error.cause : undefined;
  if (!(cause instanceof ApplicationFailure) || cause.type !== SAGA_COMPENSATED) throw error;
  return cause.details?.[0] as SagaFailure;
}

/** The duration of an ended saga in minutes, by the server's skipped time. */
export async function minutesOf(saga: WorkflowHandle): Promise<number> {
  const { startTime, closeTime } = await saga.describe();
  if (!closeTime) throw new Error('The saga still runs.');
  return (closeTime.getTime() - startTime.getTime()) / 60_000;
}
