import { decideInvoice } from '../billing/invoice';
import { invoiceAggregate, loadInvoice } from '../billing/invoice-aggregate';
import type { UnitOfWork } from '../mediator/unit-of-work';
import { decideOrder, type Order } from './order';
import { orderAggregate } from './order-aggregate';

/**
 * Cancels an order and voids its open invoice. The compensation of a payment saga voids a closed invoice later. No-op for
 * a cancelled order.
 *
 * @throws Refusal `order_not_cancellable` when it is paid
 */
export async function cancelAndVoid(uow: UnitOfWork, order: Order, reason: string | null): Promise<Order> {
  const events = decideOrder({ type: 'cancel', reason }, order);
  if (events.length === 0) return order;
  const cancelled = uow.change(orderAggregate, order, events);
  const invoice = await loadInvoice(uow, order.invoice_id);
  if (invoice.status === 'OPEN') uow.change(invoiceAggregate, invoice, decideInvoice({ type: 'void' }, invoice));
  return cancelled;
}
