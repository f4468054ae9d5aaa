import { z } from '@hono/zod-openapi';
import type { UnitOfWork } from '../cqrs/unit-of-work';
import type { Tx } from '../platform/database/database';
import { beginSaga } from '../sagas/saga';
import { paymentSagaId, type PaymentSagaInput, type PaymentSagaResult } from '../temporal-contract';

/** Begins a saga of a payment: the first one, or a restart by an operator. */
export function beginPaymentSaga(
  uow: UnitOfWork,
  input: PaymentSagaInput,
  now: string,
): Extract<SagaOutcome, { state: 'running' }> {
  beginSaga(uow, 'payment', input, now);
  return { state: 'running', saga_id: input.saga_id, input };
}

/** Finds the sagas of a payment, newest first: the first saga and its restarts. The order does not depend on clocks. */
export async function sagasOf(tx: Tx, { order_id, payment_id }: { order_id: string; payment_id: string }) {
  const sagas = await tx.saga.findMany({ where: { order_id, type: 'payment' } });
  const attemptOf = ({ saga_id }: { saga_id: string }): number => attemptIn(saga_id, payment_id);
  return sagas.filter(({ input }) => isOf(input, payment_id)).sort((one, other) => attemptOf(other) - attemptOf(one));
}

/**
 * Returns the first free id of `payment-<payment_id>`, `-2`, `-3`…; another payment's id may end like that. A used id
 * is never free again, so the number is greater than those of the payment's other sagas.
 */
export async function freeSagaId(tx: Tx, paymentId: string): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const saga_id = paymentSagaId(paymentId) + (attempt === 1 ? '' : `-${attempt}`);
    if (!(await tx.saga.findUnique({ where: { saga_id }, select: { saga_id: true } }))) return saga_id;
  }
}

/** Returns the id of a payment's first saga. An id that ends like a restart may be taken, and needs a query. */
export const firstSagaId = async (tx: Tx, paymentId: string): Promise<string> =>
  /-\d+$/.test(paymentId) ? freeSagaId(tx, paymentId) : paymentSagaId(paymentId);

/** The number that {@link freeSagaId} gave to the saga. */
const attemptIn = (sagaId: string, paymentId: string): number =>
  Number(sagaId.slice(`${paymentSagaId(paymentId)}-`.length) || 1);

const isOf = (input: unknown, paymentId: string): boolean =>
  typeof input === 'object' && input !== null && 'payment_id' in input && input.payment_id === paymentId;

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
