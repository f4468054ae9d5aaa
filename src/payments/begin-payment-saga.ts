import type { PaymentSagaInput } from '../contract';
import type { UnitOfWork } from '../mediator/unit-of-work';
import type { SagaOutcome } from './saga-outcome';

/** Writes the saga's row, which makes it unique for ever; whoever sent the command starts it, or the sweeper. */
export function beginPaymentSaga(
  uow: UnitOfWork,
  input: PaymentSagaInput,
  now: string,
): Extract<SagaOutcome, { state: 'running' }> {
  const { saga_id, order_id, customer_id, correlation_id } = input;
  const saga = { saga_id, type: 'payment', state: 'running', order_id, customer_id, input, correlation_id };
  uow.insert('saga', { ...saga, created_at: now });
  return { state: 'running', saga_id, input };
}
