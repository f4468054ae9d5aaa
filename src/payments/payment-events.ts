import { z } from 'zod';
import { defineEvent, type EventOf } from '../outbox/event-registry';
import { amount, clientId, currency, instant, opaqueId, outsideId, sku, text } from '../platform/schemas';

const topic = 'paysaga.payment';

/** The content of a payment. */
const content = z.object({
  payment_id: clientId,
  order_id: opaqueId,
  invoice_id: opaqueId,
  customer_id: clientId,
  amount,
  currency,
});

const paymentRequested = defineEvent({
  type: 'payment.requested',
  dataVersion: 1,
  topic,
  payload: content.extend({ requested_at: instant }),
});

/** Refused content under the id of another payment. It changes nothing else. */
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
    payment_id: clientId,
    order_id: opaqueId,
    invoice_id: opaqueId,
    amount,
    currency,
    capture_ref: opaqueId,
    balance_tx_id: opaqueId,
  }),
});

const paymentFailed = defineEvent({
  type: 'payment.failed',
  dataVersion: 1,
  topic,
  payload: z.object({ payment_id: clientId, order_id: opaqueId, code: text(100) }),
});

const paymentRefunded = defineEvent({
  type: 'payment.refunded',
  dataVersion: 1,
  topic,
  payload: z.object({
    payment_id: clientId,
    order_id: opaqueId,
    amount,
    currency,
    /** The provider's refund id, or the reference that an operator recorded. */
    reference: outsideId,
  }),
});

/** The events of a payment. */
export const paymentEvents = [
  paymentRequested,
  paymentConflicted,
  paymentCaptured,
  paymentFailed,
  paymentRefunded,
] as const;
/** An event of a payment. */
export type PaymentEvent = EventOf<(typeof paymentEvents)[number]>;

/** Notifies other systems that an order is paid and can be provisioned. Keyed by order. */
export const invoicePaidProvisionService = defineEvent({
  type: 'invoice_paid.provision_service',
  dataVersion: 1,
  topic: 'invoice_paid.provision_service',
  payload: z.object({
    order_id: opaqueId,
    customer_id: clientId,
    product_sku: sku,
    invoice_id: opaqueId,
  }),
});
