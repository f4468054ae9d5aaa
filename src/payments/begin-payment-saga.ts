import type { PaymentSagaInput } from '../contract';
import type { UnitOfWork } from '../mediator/unit-of-work';
import { beginSaga } from '../sagas/begin-saga';
import type { SagaOutcome } from './saga-outcome';

/** Begins a saga of a payment: the first one, or a restart by an operator. */
export function beginPaymentSaga(
  uow: UnitOfWork,
  input: PaymentSagaInput,
  now: string,
): Extract<SagaOutcome, { state: 'running' }> {
  beginSaga(uow, 'payment', input, now);
  return { state: 'running', saga_id: input.saga_id, input };
}
