import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import type { Activities } from '../../activities';
import type { PaymentSagaInput, SagaOptions, SagaStatus } from '../../src/contract';
import { paymentSaga } from '../../workflows';
import { createSagaKit } from '../../workflows/testing';
import { recordHistory } from './histories';
import type { FakePaymentActivities } from './saga-activities';
import { silenceTemporal, testServer } from './time-skipping-server';
import { workflowBundle } from './workflow-bundle';

export type PaymentSagaHandle = WorkflowHandle<typeof paymentSaga>;

type Story = (saga: PaymentSagaHandle) => Promise<void>;

export const sagaOptions: SagaOptions = { compensation_max_interval_ms: 1_000 };

/** The test kit with the product's workflows. */
export async function createSagaEnvironment() {
  silenceTemporal();
  const kit = await createSagaKit({ workflowBundle: await workflowBundle(), server: testServer() });
  return {
    ...kit,
    /**
     * Runs one payment saga, as long as the story takes. With `RECORD_HISTORIES=1` it leaves its history under
     * the story's name, for the replay test.
     */
    tell(name: string, fakes: FakePaymentActivities, story: Story): Promise<void> {
      const input = paymentSagaInput();
      return kit.run<typeof paymentSaga, Activities>(
        { workflow: paymentSaga, workflowId: input.saga_id, args: [input, sagaOptions], fakes },
        async (saga) => {
          await story(saga);
          if (process.env.RECORD_HISTORIES) await recordHistory(name, saga);
        },
      );
    },
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

export const stepStates = ({ steps }: SagaStatus): string[] => steps.map(({ name, state }) => `${name} ${state}`);
