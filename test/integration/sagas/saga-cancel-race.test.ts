import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { bundleWorkflowCode, NativeConnection, Worker, type WorkflowBundleOption } from '@temporalio/worker';
import type { SagaStatus } from '../../../src/temporal-contract';
import { failureOf } from '../../../workflows/saga/testing';
import { givenServices } from '../../support/e2e-stack';
import { createProbeFakes, probeInput } from '../../support/sagas/probe/probe';
import { type ProbeActivities, type ProbeInput, probeSaga } from '../../support/sagas/probe/probe-saga';
import { silenceTemporal } from '../../support/sagas/time-skipping-server';
import { createNamespace } from '../../support/temporal';

const namespace = `cancel-race-${randomUUID()}`;
const { temporalAddress: address } = givenServices();
const SAGAS = 60;
const LONGEST_MS = 1_200;

let connection: NativeConnection;
let client: Client;
let workflowBundle: WorkflowBundleOption;
beforeAll(async () => {
  silenceTemporal();
  await createNamespace({ address, namespace });
  connection = await NativeConnection.connect({ address });
  client = new Client({ connection, namespace });
  workflowBundle = await bundleWorkflowCode({
    workflowsPath: require.resolve('../../support/sagas/probe/probe-saga'),
    logger: { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error: console.error },
  });
}, 60_000);
afterAll(() => connection?.close());

/** What each activity did, saga by saga; each takes some time, and some break at first. */
function createWorld() {
  const done = new Map<string, string[]>();
  const names = Object.keys(createProbeFakes().activities) as (keyof ProbeActivities)[];
  const act = (name: string) => async (input: ProbeInput) => {
    await delay(randomInt(60));
    if (randomInt(5) === 0) throw new Error('The database is away.');
    done.set(input.saga_id, [...(done.get(input.saga_id) ?? []), name]);
    return name === 'wasDecided' ? (done.get(input.saga_id) ?? []).includes('decide') : undefined;
  };
  const activities = Object.fromEntries(names.map((name) => [name, act(name)]));
  return { activities, of: (saga: string): string[] => done.get(saga) ?? [] };
}

/** @returns whether the saga accepted it; `undefined` when it had ended */
async function cancel(workflowId: string): Promise<boolean | undefined> {
  try {
    await client.workflow.getHandle(workflowId).executeUpdate('cancel', { args: [{ actor: 'key_cus', reason: 'no' }] });
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    if (!(error instanceof WorkflowUpdateFailedError) || !(error.cause instanceof ApplicationFailure)) throw error;
    if (error.cause.type === 'saga_not_cancellable') return false;
    throw error;
  }
}

it('a cancellation at any moment is either refused or compensates every started step', async () => {
  const world = createWorld();
  const { activities } = world;
  const taskQueue = 'cancel-race';
  const worker = await Worker.create({ connection, namespace, taskQueue, workflowBundle, activities });
  const answers: (boolean | undefined)[] = [];

  const race = async (): Promise<void> => {
    const input = probeInput();
    const { saga_id: workflowId } = input;
    const saga = await client.workflow.start(probeSaga, { taskQueue, workflowId, args: [input] });
    await delay(randomInt(LONGEST_MS));
    const accepted = await cancel(workflowId);
    answers.push(accepted);

    if (accepted) {
      expect(await failureOf(saga)).toMatchObject({ code: 'cancelled' });
      const did = world.of(workflowId);
      expect(did).not.toContain('decide');
      expect(did.includes('reserve') && !did.includes('release')).toBe(false);
      expect(did.includes('charge') && !did.includes('refund')).toBe(false);
      expect(did.filter((name) => name === 'apologise')).toHaveLength(1);
    } else {
      await saga.result();
      expect(world.of(workflowId)).toContain('deliver');
      expect(world.of(workflowId)).not.toContain('refund');
    }
    const { state } = await saga.query<SagaStatus>('status');
    expect(state).toBe(accepted ? 'compensated' : 'completed');
  };
  await worker.runUntil(async () => {
    for (let started = 0; started < SAGAS; started += 10) await Promise.all(Array.from({ length: 10 }, race));
  });
  expect(answers).toContain(true);
  expect(answers.some((accepted) => accepted !== true)).toBe(true);
}, 120_000);
