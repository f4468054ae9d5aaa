import { systemPrincipal } from '../cqrs/message';
import type { UnitOfWork } from '../cqrs/unit-of-work';
import { loadOrder } from '../domain/order';
import { decidePayment, paymentAggregate } from '../domain/payment';
import { cancelAndVoid } from '../orders/cancel-order';
import type { OrderSagaInput, PaymentSagaInput, SagaFailure } from '../temporal-contract';

/** Marks the payment of a compensated saga as failed. No-op for a payment that was never requested. */
export async function failPayment(
  { payment_id }: Pick<PaymentSagaInput, 'payment_id'>,
  { code }: { readonly code: string },
  { uow }: { readonly uow: UnitOfWork },
): Promise<void> {
  const payment = await uow.load(paymentAggregate, payment_id);
  if (payment) uow.change(paymentAggregate, payment, decidePayment({ type: 'fail', code }, payment));
}

/** Cancels an order that could not be charged: voids its invoice and fails its payment. */
export async function cancelUncharged(
  { order_id, payment_id }: OrderSagaInput,
  failure: SagaFailure,
  { uow }: { readonly uow: UnitOfWork },
): Promise<void> {
  await cancelAndVoid(uow, await loadOrder(uow, order_id, systemPrincipal), failure.detail);
  await failPayment({ payment_id }, failure, { uow });
}
