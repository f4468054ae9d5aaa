import type { PaymentSagaInput } from '../contract';
import type { UnitOfWork } from '../mediator/unit-of-work';
import { decidePayment } from './payment';
import { paymentAggregate } from './payment-aggregate';

/** Marks the payment of a compensated saga as failed. No-op for a payment that was never requested. */
export async function failPayment(
  { payment_id }: Pick<PaymentSagaInput, 'payment_id'>,
  { code }: { readonly code: string },
  { uow }: { readonly uow: UnitOfWork },
): Promise<void> {
  const payment = await uow.load(paymentAggregate, payment_id);
  if (payment) uow.change(paymentAggregate, payment, decidePayment({ type: 'fail', code }, payment));
}
