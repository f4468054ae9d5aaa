import { z } from 'zod';
import { defineEvent, type EventOf } from '../outbox/event-registry';

const topic = 'paysaga.payment';

/** What a payment says. */
const content = z.object({
  payment_id: z.string(),
  order_id: z.string(),
  invoice_id: z.string(),
  customer_id: z.string(),
  amount: z.int(),
  currency: z.string(),
});

const paymentRequested = defineEvent({
  type: 'payment.requested',
  dataVersion: 1,
  topic,
  payload: content.extend({ requested_at: z.string() }),
});

/** Refused, and nothing was changed by it: what was notified under the id of a payment with another content. */
const paymentConflicted = defineEvent({
  type: 'payment.conflicted',
  dataVersion: 1,
  topic,
  payload: content,
});

const paymentCaptured = defineEvent({
  type: 'payment.captured',
  dataVersion: 1,
  topic,
  payload: z.object({
    payment_id: z.string(),
    order_id: z.string(),
    invoice_id: z.string(),
    amount: z.int(),
    currency: z.string(),
    capture_ref: z.string(),
    balance_tx_id: z.string(),
  }),
});

const paymentFailed = defineEvent({
  type: 'payment.failed',
  dataVersion: 1,
  topic,
  payload: z.object({ payment_id: z.string(), order_id: z.string(), code: z.string() }),
});

const paymentRefunded = defineEvent({
  type: 'payment.refunded',
  dataVersion: 1,
  topic,
  payload: z.object({
    payment_id: z.string(),
    order_id: z.string(),
    amount: z.int(),
    currency: z.string(),
    /** Of the provider's refund, or what an operator wrote down. */
    reference: z.string(),
  }),
});

export const paymentEvents = [
  paymentRequested,
  paymentConflicted,
  paymentCaptured,
  paymentFailed,
  paymentRefunded,
] as const;
export type PaymentEvent = EventOf<(typeof paymentEvents)[number]>;

/** For other systems: what was bought is paid, and may be provided. Keyed by order. */
export const invoicePaidProvisionService = defineEvent({
  type: 'invoice_paid.provision_service',
  dataVersion: 1,
  topic: 'invoice_paid.provision_service',
  payload: z.object({
    order_id: z.string(),
    customer_id: z.string(),
    product_sku: z.string(),
    invoice_id: z.string(),
  }),
});
