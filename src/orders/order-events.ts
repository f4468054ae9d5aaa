import { z } from 'zod';
import { defineEvent, type EventOf } from '../outbox/event-registry';

const topic = 'paysaga.order';
const ordered = {
  order_id: z.string(),
  customer_id: z.string(),
  product_sku: z.string(),
  quantity: z.int(),
  amount: z.int(),
  currency: z.string(),
};

const orderPlaced = defineEvent({
  type: 'order.placed',
  dataVersion: 1,
  topic,
  payload: z.object({
    ...ordered,
    collection_method: z.enum(['send_invoice', 'charge_automatically']),
    payment_method: z.string().nullable(),
    invoice_id: z.string(),
    placed_at: z.string(),
  }),
});

export const orderPaid = defineEvent({
  type: 'order.paid',
  dataVersion: 1,
  topic,
  payload: z.object({
    ...ordered,
    invoice_id: z.string(),
    payment_id: z.string(),
  }),
});

const orderFulfilled = defineEvent({
  type: 'order.fulfilled',
  dataVersion: 1,
  topic,
  payload: z.object({ order_id: z.string() }),
});

const orderCancelled = defineEvent({
  type: 'order.cancelled',
  dataVersion: 1,
  topic,
  payload: z.object({ order_id: z.string(), reason: z.string().nullable() }),
});

/** The money was paid outside, and is to go back: an operator's task. */
const orderRefundDue = defineEvent({
  type: 'order.refund_due',
  dataVersion: 1,
  topic,
  payload: z.object({ order_id: z.string(), amount: z.int(), currency: z.string(), reason: z.string() }),
});

export const orderRefunded = defineEvent({
  type: 'order.refunded',
  dataVersion: 1,
  topic,
  payload: z.object({ order_id: z.string(), amount: z.int(), currency: z.string(), reference: z.string() }),
});

export const orderEvents = [
  orderPlaced,
  orderPaid,
  orderFulfilled,
  orderCancelled,
  orderRefundDue,
  orderRefunded,
] as const;
export type OrderEvent = EventOf<(typeof orderEvents)[number]>;
