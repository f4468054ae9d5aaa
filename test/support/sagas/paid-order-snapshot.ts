import { evolveInvoice, type InvoiceEvent } from '../../../src/domain/invoice';
import { paymentCredit } from '../../../src/domain/ledger';
import { evolveOrder, type OrderEvent } from '../../../src/domain/order';
import { evolvePayment, type PaymentEvent } from '../../../src/domain/payment';
import { evolveProvisioning, provision } from '../../../src/domain/provisioning';
import type { Snapshot } from '../../../testing/checker/snapshot.sql';
import { AT, fold, logOf, published } from './snapshot-log';

const order_id = 'ord_1';
const invoice_id = 'inv_1';
const customer_id = 'cus_1';
const payment_id = 'pay_1';
const saga_id = 'payment-pay_1';
const capture_ref = 'cap_1';
const money = { amount: 9900, currency: 'EUR' };
const product_sku = 'vps.s';
const bought = { order_id, customer_id, product_sku, quantity: 1, ...money, invoice_id };

const orderEvents: OrderEvent[] = [
  {
    type: 'order.placed',
    payload: { ...bought, collection_method: 'send_invoice', payment_method: null, placed_at: AT },
  },
  { type: 'order.paid', payload: { ...bought, payment_id } },
  { type: 'order.fulfilled', payload: { order_id } },
];
const invoiceEvents: InvoiceEvent[] = [
  { type: 'invoice.issued', payload: { invoice_id, order_id, customer_id, ...money, issued_at: AT } },
  { type: 'invoice.closed', payload: { invoice_id, order_id, payment_id, capture_ref } },
  { type: 'invoice.paid', payload: { invoice_id, order_id, customer_id, payment_id, capture_ref, ...money } },
];
const paymentEvents: PaymentEvent[] = [
  {
    type: 'payment.requested',
    payload: { payment_id, order_id, invoice_id, customer_id, ...money, requested_at: AT },
  },
  {
    type: 'payment.captured',
    payload: { payment_id, order_id, invoice_id, ...money, capture_ref, balance_tx_id: 'ltx_1' },
  },
];
const provisioningEvents = provision({
  provisioning_id: 'svc_1',
  order_id,
  customer_id,
  product_sku,
  invoice_id,
  requested_at: AT,
});
const notification = {
  type: 'invoice_paid.provision_service',
  payload: { order_id, customer_id, product_sku, invoice_id },
};

/** What database and topics hold after one service was ordered, paid and provisioned. */
export function paidOrderSnapshot(): Snapshot {
  const events = [
    ...logOf('order', order_id, orderEvents),
    ...logOf('invoice', invoice_id, invoiceEvents),
    ...logOf('payment', payment_id, paymentEvents),
    ...logOf('service', 'svc_1', provisioningEvents),
    ...logOf('notification', order_id, [notification]),
  ];
  return {
    products: [{ sku: product_sku, kind: 'service', stock: null, reserved: 0, version: 0 }],
    orders: [{ ...fold(evolveOrder, orderEvents), version: 3 }],
    invoices: [{ ...fold(evolveInvoice, invoiceEvents), version: 3 }],
    payments: [{ ...fold(evolvePayment, paymentEvents), version: 2 }],
    provisionings: [{ ...fold(evolveProvisioning, provisioningEvents), version: 2 }],
    shipments: [],
    reservations: [],
    charges: [],
    sagas: [
      {
        saga_id,
        type: 'payment',
        state: 'completed',
        order_id,
        input: { payment_id },
        result: { capture_ref, balance_tx_id: 'ltx_1' },
        steps: ['close_invoice', 'credit_balance', 'settle'].map((name) => ({ name, state: 'done' })),
      },
    ],
    ledger: [
      {
        ledger_transaction_id: 'ltx_1',
        kind: 'payment_credit',
        reference: saga_id,
        reverses: null,
        created_at: AT,
        entries: paymentCredit(customer_id, money.amount, money.currency),
      },
    ],
    events,
    outbox: [],
    inbox: [
      { scope: 'sales-projection', key: 'evt_order_2' },
      { scope: 'provisioning', key: 'evt_notification_1' },
    ],
    deadLetters: [],
    sales: [{ day: '2026-11-21', orders: 1, ...money, refunded_amount: 0 }],
    messages: events.map(published),
  };
}
