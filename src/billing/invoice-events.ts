import { z } from 'zod';
import { defineEvent, type EventOf } from '../outbox/event-registry';
import { amount, clientId, currency, instant, opaqueId } from '../platform/schemas';

const topic = 'paysaga.invoice';
const reference = { invoice_id: opaqueId, order_id: opaqueId };

const invoiceIssued = defineEvent({
  type: 'invoice.issued',
  dataVersion: 1,
  topic,
  payload: z.object({
    ...reference,
    customer_id: clientId,
    amount,
    currency,
    issued_at: instant,
  }),
});

const invoiceClosed = defineEvent({
  type: 'invoice.closed',
  dataVersion: 1,
  topic,
  payload: z.object({ ...reference, payment_id: clientId, capture_ref: opaqueId }),
});

const invoiceReopened = defineEvent({
  type: 'invoice.reopened',
  dataVersion: 1,
  topic,
  payload: z.object({ ...reference, payment_id: clientId }),
});

const invoicePaid = defineEvent({
  type: 'invoice.paid',
  dataVersion: 1,
  topic,
  payload: z.object({
    ...reference,
    customer_id: clientId,
    payment_id: clientId,
    capture_ref: opaqueId,
    amount,
    currency,
  }),
});

const invoiceVoided = defineEvent({ type: 'invoice.voided', dataVersion: 1, topic, payload: z.object(reference) });

/** The events of an invoice. */
export const invoiceEvents = [invoiceIssued, invoiceClosed, invoiceReopened, invoicePaid, invoiceVoided] as const;
/** An event of an invoice. */
export type InvoiceEvent = EventOf<(typeof invoiceEvents)[number]>;
