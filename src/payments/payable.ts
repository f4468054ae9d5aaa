import { alreadyPaid, type Invoice } from '../billing/invoice';
import { notPayable, type Order } from '../orders/order';
import { Refusal } from '../platform/refusal';
import type { PaymentContent } from './payment';

/** Returns why the payment cannot pay the order; `undefined` if it can. */
export function refusalOf(order: Order, invoice: Invoice, payment: PaymentContent): Refusal | undefined {
  if (order.collection_method === 'charge_automatically') {
    return new Refusal(
      'order_not_payable',
      `Order ${order.order_id} is charged automatically. It cannot be paid otherwise.`,
    );
  }
  if (order.status === 'CANCELLED' || invoice.status === 'VOID') return notPayable(order);
  if (invoice.status !== 'OPEN') return alreadyPaid(invoice);
  if (payment.amount !== invoice.amount || payment.currency !== invoice.currency) {
    return new Refusal(
      'amount_mismatch',
      `Invoice ${invoice.invoice_id} is ${invoice.amount} ${invoice.currency} (minor units), not ` +
        `${payment.amount} ${payment.currency}. A payment must pay the whole invoice. No money was moved.`,
    );
  }
  return undefined;
}
