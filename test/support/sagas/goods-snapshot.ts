import { evolveInvoice, type InvoiceEvent } from '../../../src/domain/invoice';
import { paymentCredit, reversal } from '../../../src/domain/ledger';
import { evolveOrder, type OrderEvent } from '../../../src/domain/order';
import { evolvePayment, type PaymentEvent } from '../../../src/domain/payment';
import { evolveShipment, type ShipmentEvent } from '../../../src/domain/shipment';
import { sagaSteps } from '../../../src/temporal-contract';
import type { ReservationRow, Snapshot } from '../../../testing/checker/snapshot.sql';
import { AT, fold, logOf, published } from './snapshot-log';

const [order_id, invoice_id, customer_id, payment_id, shipment_id] = ['ord_1', 'inv_1', 'cus_1', 'pay_1', 'shp_1'];
const [saga_id, capture_ref, product_sku] = [`order-${order_id}`, 'cap_1', 'mug'];
const money = { amount: 1_500, currency: 'EUR' };
const bought = { order_id, customer_id, product_sku, quantity: 1, ...money, invoice_id };
const provider = 'test';

/** How goods that a provider charged end: sent; paid back by the provider; owed; paid back by an operator. */
export type GoodsEnd = 'sent' | 'refunded' | 'owed' | 'repaid';

interface Ending {
  readonly order: readonly OrderEvent[];
  readonly payment: readonly PaymentEvent[];
  readonly reservation: ReservationRow['state'];
  readonly charge: 'charged' | 'refunded';
}

const refundDue: OrderEvent = { type: 'order.refund_due', payload: { order_id, ...money, reason: 'It was refused.' } };
const refunded: OrderEvent = { type: 'order.refunded', payload: { order_id, ...money, reference: 're_1' } };
const paidBack: PaymentEvent = {
  type: 'payment.refunded',
  payload: { payment_id, order_id, ...money, reference: 're_1' },
};
const endings: Record<GoodsEnd, Ending> = {
  sent: {
    order: [{ type: 'order.fulfilled', payload: { order_id } }],
    payment: [],
    reservation: 'DISPATCHED',
    charge: 'charged',
  },
  refunded: { order: [refunded], payment: [paidBack], reservation: 'RELEASED', charge: 'refunded' },
  owed: { order: [refundDue], payment: [], reservation: 'RELEASED', charge: 'charged' },
  repaid: { order: [refundDue, refunded], payment: [paidBack], reservation: 'RELEASED', charge: 'charged' },
};

/** What database, topics and the provider's books hold after goods were ordered and charged, and came to that end. */
export function goodsSnapshot(end: GoodsEnd): Snapshot {
  const { reservation, charge, ...ending } = endings[end];
  const isSent = end === 'sent';
  const orderEvents: OrderEvent[] = [
    {
      type: 'order.placed',
      payload: { ...bought, collection_method: 'charge_automatically', payment_method: 'pm_ok', placed_at: AT },
    },
    { type: 'order.paid', payload: { ...bought, payment_id } },
    ...ending.order,
  ];
  const invoiceEvents: InvoiceEvent[] = [
    { type: 'invoice.issued', payload: { invoice_id, order_id, customer_id, ...money, issued_at: AT } },
    { type: 'invoice.closed', payload: { invoice_id, order_id, payment_id, capture_ref } },
    { type: 'invoice.paid', payload: { invoice_id, order_id, customer_id, payment_id, capture_ref, ...money } },
  ];
  const captured = { payment_id, order_id, invoice_id, ...money, capture_ref, balance_tx_id: 'ltx_1' };
  const paymentEvents: PaymentEvent[] = [
    {
      type: 'payment.requested',
      payload: { payment_id, order_id, invoice_id, customer_id, ...money, requested_at: AT },
    },
    { type: 'payment.captured', payload: captured },
    ...ending.payment,
  ];
  const goods = { shipment_id, order_id, customer_id, product_sku, quantity: 1, requested_at: AT };
  const shipmentEvents: ShipmentEvent[] = [
    { type: 'shipment.requested', payload: goods },
    isSent
      ? { type: 'shipment.dispatched', payload: { shipment_id, order_id, booking_ref: 'bk_1' } }
      : { type: 'shipment.failed', payload: { shipment_id, order_id, code: 'shipment_refused' } },
  ];
  const asked = { order_id, customer_id, product_sku, invoice_id };
  const events = [
    ...logOf('order', order_id, orderEvents),
    ...logOf('invoice', invoice_id, invoiceEvents),
    ...logOf('payment', payment_id, paymentEvents),
    ...logOf('shipment', shipment_id, shipmentEvents),
    ...logOf('notification', order_id, [{ type: 'invoice_paid.provision_service', payload: asked }]),
  ];
  const credit = paymentCredit(customer_id, money.amount, money.currency);
  const booked = { reference: saga_id, created_at: AT };
  const credited = { ...booked, ledger_transaction_id: 'ltx_1', kind: 'payment_credit' as const, reverses: null };
  const reversed = { ledger_transaction_id: 'ltx_2', kind: 'payment_credit_reversal' as const, reverses: 'ltx_1' };
  const isPaidBack = ending.payment.length > 0;
  const saga = { order_id, input: { payment_id }, result: null };
  const done = (names: readonly string[]) => names.map((name) => ({ name, state: 'done' }));
  return {
    products: [{ sku: product_sku, kind: 'goods', stock: isSent ? 9 : 10, reserved: 0, version: 0 }],
    orders: [{ ...fold(evolveOrder, orderEvents), version: orderEvents.length }],
    invoices: [{ ...fold(evolveInvoice, invoiceEvents), version: 3 }],
    payments: [{ ...fold(evolvePayment, paymentEvents), version: paymentEvents.length }],
    provisionings: [],
    shipments: [{ ...fold(evolveShipment, shipmentEvents), version: 2 }],
    reservations: [{ order_id, product_sku, quantity: 1, state: reservation }],
    charges: [{ payment_id, order_id, provider, key: payment_id, ...money, state: charge }],
    books: [{ provider, key: payment_id, ...money, refunded_amount: charge === 'refunded' ? money.amount : 0 }],
    sagas: [
      {
        ...saga,
        saga_id,
        type: 'order',
        state: 'completed',
        result: { capture_ref, balance_tx_id: 'ltx_1' },
        steps: done(sagaSteps.order),
      },
      {
        ...saga,
        saga_id: `shipment-${order_id}`,
        type: 'shipment',
        state: isSent ? 'completed' : 'compensated',
        steps: isSent ? done(sagaSteps.shipment) : [{ name: 'allocate', state: 'undone' }],
      },
    ],
    ledger: [
      { ...credited, entries: credit },
      ...(isSent ? [] : [{ ...booked, ...reversed, entries: reversal(credit) }]),
    ],
    events,
    outbox: [],
    inbox: events
      .filter(({ type }) => ['order.paid', 'order.refunded', 'invoice_paid.provision_service'].includes(type))
      .map(({ type, event_id }) => ({
        scope: type.startsWith('order.') ? 'sales-projection' : 'provisioning',
        key: event_id,
      })),
    deadLetters: [],
    sales: [{ day: '2026-11-21', orders: 1, ...money, refunded_amount: isPaidBack ? money.amount : 0 }],
    messages: events.map(published),
  };
}
