import { alreadyPaid, type Invoice } from '../billing/invoice';
import { notPayable, type Order } from '../orders/order';
import { Refusal } from '../platform/refusal';
import type { PaymentContent } from './payment';

/** Why this payment cannot pay this order, if it cannot. */
export function refusalOf(order: Order, invoice: Invoice, payment: PaymentContent): Refusal | undefined {
  if (order.collection_method === 'charge_automatically') {
    return new Refusal('order_not_payable', `Order ${order.order_id} is charged automatically, and takes no payment.`);
  }
  if (order.status === 'CANCELLED' || invoice.status === 'VOID') return notPayable(order);
  if (invoice.status !== 'OPEN') return alreadyPaid(invoice);
  if (payment.amount !== invoice.amount || payment.currency !== invoice.currency) {
    return new Refusal(
      'amount_mismatch',
      `Invoice ${invoice.invoice_id} is ${invoice.amount} ${invoice.currency} (minor units), not ` +
        `${payment.amount} ${payment.currency}: a payment pays the whole invoice. No money was moved.`,
    );
  }
  return undefined;
}
