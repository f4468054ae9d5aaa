import { z } from 'zod';
import { defineEvent, type EventOf } from '../outbox/event-registry';
import {
  amount,
  clientId,
  currency,
  explanation,
  instant,
  opaqueId,
  outsideId,
  quantity,
  sku,
  text,
} from '../platform/schemas';

const topic = 'paysaga.order';
const ordered = {
  order_id: opaqueId,
  customer_id: clientId,
  product_sku: sku,
  quantity,
  amount,
  currency,
};

const orderPlaced = defineEvent({
  type: 'order.placed',
  dataVersion: 1,
  topic,
  payload: z.object({
    ...ordered,
    collection_method: z.enum(['send_invoice', 'charge_automatically']),
    payment_method: text(64).nullable(),
    invoice_id: opaqueId,
    placed_at: instant,
  }),
});

/** The order is paid. */
export const orderPaid = defineEvent({
  type: 'order.paid',
  dataVersion: 1,
  topic,
  payload: z.object({
    ...ordered,
    invoice_id: opaqueId,
    payment_id: clientId,
  }),
});

const orderFulfilled = defineEvent({
  type: 'order.fulfilled',
  dataVersion: 1,
  topic,
  payload: z.object({ order_id: opaqueId }),
});

const orderCancelled = defineEvent({
  type: 'order.cancelled',
  dataVersion: 1,
  topic,
  payload: z.object({ order_id: opaqueId, reason: explanation.nullable() }),
});

/** The payment must be refunded by an operator. */
const orderRefundDue = defineEvent({
  type: 'order.refund_due',
  dataVersion: 1,
  topic,
  payload: z.object({ order_id: opaqueId, amount, currency, reason: explanation }),
});

/** The payment is refunded. */
export const orderRefunded = defineEvent({
  type: 'order.refunded',
  dataVersion: 1,
  topic,
  payload: z.object({ order_id: opaqueId, amount, currency, reference: outsideId }),
});

/** The events of an order. */
export const orderEvents = [
  orderPlaced,
  orderPaid,
  orderFulfilled,
  orderCancelled,
  orderRefundDue,
  orderRefunded,
] as const;
/** An event of an order. */
export type OrderEvent = EventOf<(typeof orderEvents)[number]>;
