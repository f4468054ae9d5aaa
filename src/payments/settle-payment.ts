import { z } from 'zod';
import { defineCommand, handle, systemPrincipal } from '../cqrs/message';
import { decideInvoice, invoiceAggregate, loadInvoice } from '../domain/invoice';
import { decideOrder, loadOrder, orderAggregate } from '../domain/order';
import { decidePayment, invoicePaidProvisionService, paymentAggregate } from '../domain/payment';
import { opaqueId } from '../platform/schemas';
import { completeSaga } from '../sagas/saga';

/** Step `settle`, the pivot: marks order, invoice and payment as paid and notifies other systems, in one transaction. */
export const settlePayment = defineCommand({
  name: 'SettlePayment',
  input: z.strictObject({
    saga_id: z.string(),
    payment_id: opaqueId,
    order_id: opaqueId,
    invoice_id: opaqueId,
    capture_ref: z.string(),
    balance_tx_id: z.string(),
  }),
  result: z.null(),
  roles: [],
});

/** Handles {@link settlePayment}. */
export const settlePaymentHandler = handle(settlePayment, async (data, { uow, now }) => {
  const { saga_id, payment_id, capture_ref, balance_tx_id } = data;
  await uow.lock([orderAggregate, data.order_id], [invoiceAggregate, data.invoice_id], [paymentAggregate, payment_id]);
  const order = await loadOrder(uow, data.order_id, systemPrincipal);
  const invoice = await loadInvoice(uow, data.invoice_id);
  const payment = await uow.load(paymentAggregate, payment_id);

  const { order_id, customer_id, product_sku, invoice_id } = order;
  uow.change(orderAggregate, order, decideOrder({ type: 'pay', payment_id }, order));
  uow.change(invoiceAggregate, invoice, decideInvoice({ type: 'settle', payment_id }, invoice));
  uow.change(paymentAggregate, payment, decidePayment({ type: 'capture', capture_ref, balance_tx_id }, payment));
  uow.append({
    aggregate_type: 'notification',
    aggregate_id: order_id,
    // The only notification of an order, because an order is paid once.
    version: 1,
    type: invoicePaidProvisionService.type,
    payload: { order_id, customer_id, product_sku, invoice_id },
  });
  completeSaga(uow, { saga_id, result: { capture_ref, balance_tx_id }, now });
  return null;
});
