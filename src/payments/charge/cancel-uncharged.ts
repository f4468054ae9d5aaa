import type { OrderSagaInput, SagaFailure } from '../../contract';
import { systemPrincipal } from '../../mediator/message';
import type { UnitOfWork } from '../../mediator/unit-of-work';
import { cancelAndVoid } from '../../orders/cancel-and-void';
import { loadOrder } from '../../orders/order-aggregate';
import { failPayment } from '../fail-payment';

/** Cancels an order that could not be charged: voids its invoice and fails its payment. */
export async function cancelUncharged(
  { order_id, payment_id }: OrderSagaInput,
  failure: SagaFailure,
  { uow }: { readonly uow: UnitOfWork },
): Promise<void> {
  await cancelAndVoid(uow, await loadOrder(uow, order_id, systemPrincipal), failure.detail);
  await failPayment({ payment_id }, failure, { uow });
}
