import { z } from 'zod';
import { defineCommand, handle, systemPrincipal } from '../cqrs/message';
import { decideInvoice, invoiceAggregate, loadInvoice } from '../domain/invoice';
import { loadOrder, notPayable, orderAggregate } from '../domain/order';
import { opaqueId } from '../platform/schemas';
import { newId } from '../platform/values';

/** Step `close_invoice` of the payment saga: reserves the invoice for this payment. */
export const closeInvoice = defineCommand({
  name: 'CloseInvoice',
  input: z.strictObject({ order_id: opaqueId, invoice_id: opaqueId, payment_id: opaqueId }),
  result: z.object({ capture_ref: z.string() }),
  roles: [],
});

/** Handles {@link closeInvoice}. */
export const closeInvoiceHandler = handle(closeInvoice, async ({ order_id, invoice_id, payment_id }, { uow }) => {
  await uow.lock([orderAggregate, order_id], [invoiceAggregate, invoice_id]);
  const order = await loadOrder(uow, order_id, systemPrincipal);
  if (order.status === 'CANCELLED') throw notPayable(order);
  const invoice = await loadInvoice(uow, invoice_id);
  const capture_ref = newId('cap');
  uow.change(invoiceAggregate, invoice, decideInvoice({ type: 'close', payment_id, capture_ref }, invoice));
  return { capture_ref };
});

/** Compensation of `close_invoice`: reopens the invoice, and voids it if its order was cancelled meanwhile. */
export const reopenInvoice = defineCommand({
  name: 'ReopenInvoice',
  input: z.strictObject({ order_id: opaqueId, invoice_id: opaqueId, payment_id: opaqueId }),
  result: z.null(),
  roles: [],
});

/** Handles {@link reopenInvoice}. */
export const reopenInvoiceHandler = handle(reopenInvoice, async ({ order_id, invoice_id, payment_id }, { uow }) => {
  const order = await loadOrder(uow, order_id, systemPrincipal);
  const closed = await loadInvoice(uow, invoice_id);
  const open = uow.change(invoiceAggregate, closed, decideInvoice({ type: 'reopen', payment_id }, closed));
  if (order.status === 'CANCELLED') uow.change(invoiceAggregate, open, decideInvoice({ type: 'void' }, open));
  return null;
});
