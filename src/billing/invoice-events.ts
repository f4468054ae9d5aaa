import { z } from 'zod';
import { defineEvent, type EventOf } from '../outbox/event-registry';

const topic = 'paysaga.invoice';
const reference = { invoice_id: z.string(), order_id: z.string() };

const invoiceIssued = defineEvent({
  type: 'invoice.issued',
  dataVersion: 1,
  topic,
  payload: z.object({
    ...reference,
    customer_id: z.string(),
    amount: z.int(),
    currency: z.string(),
    issued_at: z.string(),
  }),
});

const invoiceClosed = defineEvent({
  type: 'invoice.closed',
  dataVersion: 1,
  topic,
  payload: z.object({ ...reference, payment_id: z.string(), capture_ref: z.string() }),
});

const invoiceReopened = defineEvent({
  type: 'invoice.reopened',
  dataVersion: 1,
  topic,
  payload: z.object({ ...reference, payment_id: z.string() }),
});

const invoicePaid = defineEvent({
  type: 'invoice.paid',
  dataVersion: 1,
  topic,
  payload: z.object({
    ...reference,
    customer_id: z.string(),
    payment_id: z.string(),
    capture_ref: z.string(),
    amount: z.int(),
    currency: z.string(),
  }),
});

const invoiceVoided = defineEvent({ type: 'invoice.voided', dataVersion: 1, topic, payload: z.object(reference) });

export const invoiceEvents = [invoiceIssued, invoiceClosed, invoiceReopened, invoicePaid, invoiceVoided] as const;
export type InvoiceEvent = EventOf<(typeof invoiceEvents)[number]>;
