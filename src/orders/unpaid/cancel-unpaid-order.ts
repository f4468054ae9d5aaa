import { z } from 'zod';
import { decideInvoice } from '../../billing/invoice';
import { invoiceAggregate, loadInvoice } from '../../billing/invoice-aggregate';
import { handle } from '../../mediator/handler';
import { defineCommand, system } from '../../mediator/message';
import { opaqueId, reason } from '../../platform/schemas';
import { decideOrder } from '../order';
import { loadOrder, orderAggregate } from '../order-aggregate';
import { paymentTimeout } from './find-unpaid-orders';
import { isUnpaid } from './unpaid.sql';

/**
 * Cancels an order that nobody has paid in time, and says whether it did. It competes for the order's row with
 * `AcceptPayment`: an order whose payment was accepted first is left alone, however that payment ends.
 */
export const cancelUnpaidOrder = defineCommand({
  name: 'CancelUnpaidOrder',
  input: z.strictObject({ order_id: opaqueId, timeout_ms: paymentTimeout, reason }),
  result: z.boolean(),
  roles: [],
});

export const cancelUnpaidOrderHandler = handle(cancelUnpaidOrder, async (unpaid, { uow }) => {
  const order = await loadOrder(uow, unpaid.order_id, system);
  if (!(await isUnpaid(uow.tx, unpaid.timeout_ms, order.order_id))) return false;
  const invoice = await loadInvoice(uow, order.invoice_id);
  uow.change(orderAggregate, order, decideOrder({ type: 'cancel', reason: unpaid.reason }, order));
  uow.change(invoiceAggregate, invoice, decideInvoice({ type: 'void' }, invoice));
  return true;
});
