import { z } from 'zod';
import { handle } from '../mediator/handler';
import { defineCommand, systemPrincipal } from '../mediator/message';
import { notPayable } from '../orders/order';
import { loadOrder, orderAggregate } from '../orders/order-aggregate';
import { newId } from '../platform/ids';
import { opaqueId } from '../platform/schemas';
import { decideInvoice } from './invoice';
import { invoiceAggregate, loadInvoice } from './invoice-aggregate';

/** Step `close_invoice` of the payment saga: reserves the invoice for this payment. */
export const closeInvoice = defineCommand({
  name: 'CloseInvoice',
  input: z.strictObject({ order_id: opaqueId, invoice_id: opaqueId, payment_id: opaqueId }),
  result: z.object({ capture_ref: z.string() }),
  roles: [],
});

export const closeInvoiceHandler = handle(closeInvoice, async ({ order_id, invoice_id, payment_id }, { uow }) => {
  await uow.lock([orderAggregate, order_id], [invoiceAggregate, invoice_id]);
  const order = await loadOrder(uow, order_id, systemPrincipal);
  if (order.status === 'CANCELLED') throw notPayable(order);
  const invoice = await loadInvoice(uow, invoice_id);
  const capture_ref = newId('cap');
  uow.change(invoiceAggregate, invoice, decideInvoice({ type: 'close', payment_id, capture_ref }, invoice));
  return { capture_ref };
});
