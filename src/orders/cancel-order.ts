import { z } from '@hono/zod-openapi';
import { decideInvoice } from '../billing/invoice';
import { invoiceAggregate, loadInvoice } from '../billing/invoice-aggregate';
import { handle } from '../mediator/handler';
import { defineCommand } from '../mediator/message';
import { opaqueId, reason } from '../platform/schemas';
import { decideOrder } from './order';
import { loadOrder, orderAggregate } from './order-aggregate';
import { orderView, viewOrder } from './order-view';

export const cancellation = z.strictObject({ reason: reason.optional() }).openapi('Cancellation');

/** Competes with `SettlePayment` for the order's row: the first one wins. */
export const cancelOrder = defineCommand({
  name: 'CancelOrder',
  input: cancellation.extend({ order_id: opaqueId }),
  result: orderView,
  roles: ['customer', 'service', 'operator'],
});

export const cancelOrderHandler = handle(cancelOrder, async ({ order_id, reason = null }, { principal, uow }) => {
  const order = await loadOrder(uow, order_id, principal);
  const events = decideOrder({ type: 'cancel', reason }, order);
  if (events.length === 0) return viewOrder(order);

  const cancelled = uow.change(orderAggregate, order, events);
  const invoice = await loadInvoice(uow, order.invoice_id);
  // A closed invoice belongs to a running payment saga, whose compensation reopens and voids it.
  if (invoice.status === 'OPEN') uow.change(invoiceAggregate, invoice, decideInvoice({ type: 'void' }, invoice));
  return viewOrder(cancelled);
});
