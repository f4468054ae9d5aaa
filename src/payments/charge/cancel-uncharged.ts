import { decideInvoice } from '../../billing/invoice';
import { invoiceAggregate, loadInvoice } from '../../billing/invoice-aggregate';
import type { OrderSagaInput, SagaFailure } from '../../contract';
import { system } from '../../mediator/message';
import type { UnitOfWork } from '../../mediator/unit-of-work';
import { decideOrder } from '../../orders/order';
import { loadOrder, orderAggregate } from '../../orders/order-aggregate';
import { failPayment } from '../fail-payment';

/** An order that could not be charged is cancelled, its invoice void, its payment failed. */
export async function cancelUncharged(
  { order_id, invoice_id, payment_id }: OrderSagaInput,
  failure: SagaFailure,
  { uow }: { readonly uow: UnitOfWork },
): Promise<void> {
  const order = await loadOrder(uow, order_id, system);
  const invoice = await loadInvoice(uow, invoice_id);
  uow.change(orderAggregate, order, decideOrder({ type: 'cancel', reason: failure.detail }, order));
  // It is still closed where an operator skipped its reopening, and then dealt with it by other means.
  if (invoice.status !== 'CLOSED') uow.change(invoiceAggregate, invoice, decideInvoice({ type: 'void' }, invoice));
  await failPayment({ payment_id }, failure, { uow });
}
