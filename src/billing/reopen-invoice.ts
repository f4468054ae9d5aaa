import { z } from 'zod';
import { handle } from '../mediator/handler';
import { defineCommand, systemPrincipal } from '../mediator/message';
import { loadOrder } from '../orders/order-aggregate';
import { opaqueId } from '../platform/schemas';
import { decideInvoice } from './invoice';
import { invoiceAggregate, loadInvoice } from './invoice-aggregate';

/** Compensation of `close_invoice`: reopens the invoice, and voids it if its order was cancelled meanwhile. */
export const reopenInvoice = defineCommand({
  name: 'ReopenInvoice',
  input: z.strictObject({ order_id: opaqueId, invoice_id: opaqueId, payment_id: opaqueId }),
  result: z.null(),
  roles: [],
});

export const reopenInvoiceHandler = handle(reopenInvoice, async ({ order_id, invoice_id, payment_id }, { uow }) => {
  const order = await loadOrder(uow, order_id, systemPrincipal);
  const closed = await loadInvoice(uow, invoice_id);
  const open = uow.change(invoiceAggregate, closed, decideInvoice({ type: 'reopen', payment_id }, closed));
  if (order.status === 'CANCELLED') uow.change(invoiceAggregate, open, decideInvoice({ type: 'void' }, open));
  return null;
});
