import { randomUUID } from 'node:crypto';
import { type WorkflowHandle, WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { Worker } from '@temporalio/worker';
import { type PaymentSagaInput, type SagaFailure, type SagaOptions, type SagaStatus } from '../../src/contract';
import type { paymentSaga } from '../../workflows';
import type { FakeActivities } from './saga-activities';
import { recordHistory } from './histories';
import { startTimeSkippingServer } from './time-skipping-server';
import { workflowBundle } from './workflow-bundle';

export type PaymentSagaHandle = WorkflowHandle<typeof paymentSaga>;

type Story = (saga: PaymentSagaHandle) => Promise<void>;

const options: SagaOptions = { compensation_max_interval_ms: 1_000 };

/** Payment sagas in skipped time, one at a time. */
export async function createSagaEnvironment() {
  const server = await startTimeSkippingServer();
  const bundle = await workflowBundle();

  /**
   * Runs one payment saga on a worker with these activities, as long as the story takes. With
   * `RECORD_HISTORIES=1` it leaves its history under the story's name, for the replay test.
   */
  async function tell(name: string, { activities }: FakeActivities, story: Story): Promise<void> {
    const taskQueue = `sagas-${randomUUID()}`;
    const worker = await Worker.create({
      connection: server.nativeConnection,
      taskQueue,
      workflowBundle: bundle,
      activities,
    });
    await worker.runUntil(async () => {
      const input = paymentSagaInput();
      const saga = await server.client.workflow.start<typeof paymentSaga>('paymentSaga', {
        workflowId: input.saga_id,
        taskQueue,
        args: [input, options],
      });
      await story(saga);
      if (process.env.RECORD_HISTORIES) await recordHistory(name, saga);
    });
  }

  return {
    server,
    tell,
    /** Lets the saga go on until its status is as wanted, skipping time; fails after a number of looks. */
    async until(saga: PaymentSagaHandle, wanted: (status: SagaStatus) => boolean, skip = '2s'): Promise<SagaStatus> {
      for (let look = 0; look < 100; look += 1) {
        const status = await saga.query<SagaStatus>('status');
        if (wanted(status)) return status;
        await server.sleep(skip);
      }
      throw new Error(`The saga did not get there: ${JSON.stringify(await saga.query('status'))}`);
    },
    close: () => server.teardown(),
  };
}

export type SagaEnvironment = Awaited<ReturnType<typeof createSagaEnvironment>>;

export function paymentSagaInput(): PaymentSagaInput {
  const payment_id = `pay_${randomUUID()}`;
  return {
    saga_id: `payment-${payment_id}`,
    payment_id,
    order_id: 'ord_1',
    invoice_id: 'inv_1',
    customer_id: 'cus_1',
    amount: 9_900,
    currency: 'EUR',
    correlation_id: 'req_1',
  };
}

/** The failure that a compensated saga ends with. */
export async function failureOf(saga: PaymentSagaHandle): Promise<SagaFailure> {
  const error = await saga.result().then(
    () => new Error('The saga completed.'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof WorkflowFailedError) || !(error.cause instanceof ApplicationFailure)) throw error;
  expect(error.cause.type).toBe('saga_compensated');
  return error.cause.details?.[0] as SagaFailure;
}

/** How long the saga took, in the server's own time: its clock runs on to the next time-out afterwards. */
export async function minutesOf(saga: PaymentSagaHandle): Promise<number> {
  const { startTime, closeTime } = await saga.describe();
  if (!closeTime) throw new Error('The saga still runs.');
  return (closeTime.getTime() - startTime.getTime()) / 60_000;
}

export const stepStates = ({ steps }: SagaStatus): string[] => steps.map(({ name, state }) => `${name} ${state}`);
