import { z } from '@hono/zod-openapi';
import { defineCommand, handle } from '../cqrs/message';
import type { UnitOfWork } from '../cqrs/unit-of-work';
import { decideInvoice, invoiceAggregate, loadInvoice } from '../domain/invoice';
import { decideOrder, loadOrder, type Order, orderAggregate } from '../domain/order';
import { opaqueId, reason } from '../platform/schemas';
import { orderResponse, toOrderResponse } from './order-response';

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

/** The body of the request. */
export const cancellation = z.strictObject({ reason: reason.optional() }).openapi('Cancellation');

/** Cancels an unpaid order. It competes with `SettlePayment` for the order's row, and the first one wins. */
export const cancelOrder = defineCommand({
  name: 'CancelOrder',
  input: cancellation.extend({ order_id: opaqueId }),
  result: orderResponse,
  roles: ['customer', 'service', 'operator'],
});

export const cancelOrderHandler = handle(cancelOrder, async ({ order_id, reason = null }, { principal, uow }) => {
  const order = await loadOrder(uow, order_id, principal);
  return toOrderResponse(await cancelAndVoid(uow, order, reason));
});
