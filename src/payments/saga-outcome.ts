import { z } from 'zod';
import type { PaymentSagaInput, PaymentSagaResult } from '../contract';

/** The state of a payment saga, from its row. */
export const sagaOutcome = z.discriminatedUnion('state', [
  z.object({ state: z.literal('running'), saga_id: z.string(), input: z.custom<PaymentSagaInput>() }),
  z.object({ state: z.literal('completed'), saga_id: z.string(), result: z.custom<PaymentSagaResult>() }),
  z.object({ state: z.literal('compensated'), saga_id: z.string(), failed_step: z.string(), detail: z.string() }),
]);
/** The state of a payment saga. */
export type SagaOutcome = z.infer<typeof sagaOutcome>;

interface SagaRow {
  readonly saga_id: string;
  readonly state: string;
  readonly input: unknown;
  readonly result: unknown;
  readonly failed_step: string | null;
  readonly failure_detail: string | null;
}

/** Makes the outcome from a row. */
export function toSagaOutcome({ saga_id, state, input, result, failed_step, failure_detail }: SagaRow): SagaOutcome {
  if (state === 'completed') return { state, saga_id, result: result as PaymentSagaResult };
  if (state === 'compensated') {
    return { state, saga_id, failed_step: failed_step ?? 'unknown', detail: failure_detail ?? '' };
  }
  return { state: 'running', saga_id, input: input as PaymentSagaInput };
}
