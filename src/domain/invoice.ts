import { z } from 'zod';
import type { Aggregate, UnitOfWork } from '../cqrs/unit-of-work';
import { defineEvent, type EventOf } from '../events/registry';
import { defineTable } from '../platform/database/table';
import { Refusal } from '../platform/refusal';
import { amount, clientId, currency, instant, opaqueId } from '../platform/schemas';

/** The statuses of an invoice. */
export type InvoiceStatus = 'OPEN' | 'CLOSED' | 'PAID' | 'VOID';

/** An invoice: the row of `invoice` and the fold of its events. */
export interface Invoice {
  readonly invoice_id: string;
  readonly order_id: string;
  readonly customer_id: string;
  /** Minor units. */
  readonly amount: number;
  readonly currency: string;
  readonly status: InvoiceStatus;
  /** The payment that closed it. */
  readonly payment_id: string | null;
  /** The id of the capture, made when the invoice is closed. */
  readonly capture_ref: string | null;
  readonly issued_at: string;
  readonly version: number;
}

type Ordered = Pick<Invoice, 'invoice_id' | 'order_id' | 'customer_id' | 'amount' | 'currency'>;

/** A command on an invoice. */
export type InvoiceCommand =
  | { readonly type: 'issue'; readonly order: Ordered; readonly issued_at: string }
  | { readonly type: 'close'; readonly payment_id: string; readonly capture_ref: string }
  | { readonly type: 'reopen'; readonly payment_id: string }
  | { readonly type: 'settle'; readonly payment_id: string }
  | { readonly type: 'void' };

/**
 * Decides a command on an invoice. Returns no event when the invoice is already void.
 *
 * @throws Refusal `invoice_already_paid`, `invoice_not_payable`, `invoice_not_closed`, `invoice_not_voidable`
 */
export function decideInvoice(command: InvoiceCommand, invoice: Invoice | undefined): InvoiceEvent[] {
  if (command.type === 'issue') {
    const { invoice_id, order_id, customer_id, amount, currency } = command.order;
    const { issued_at } = command;
    return [{ type: 'invoice.issued', payload: { invoice_id, order_id, customer_id, amount, currency, issued_at } }];
  }
  if (!invoice) throw new Error(`There is no invoice to ${command.type}.`);
  const { invoice_id, order_id, status } = invoice;

  switch (command.type) {
    case 'close': {
      if (status === 'VOID') {
        throw new Refusal('invoice_not_payable', `Invoice ${invoice_id} is void: its order was cancelled.`);
      }
      if (status !== 'OPEN') throw alreadyPaid(invoice);
      const { payment_id, capture_ref } = command;
      return [{ type: 'invoice.closed', payload: { invoice_id, order_id, payment_id, capture_ref } }];
    }
    case 'reopen': {
      const { payment_id } = command;
      if (status !== 'CLOSED' || invoice.payment_id !== payment_id) throw notClosedBy(invoice, payment_id);
      return [{ type: 'invoice.reopened', payload: { invoice_id, order_id, payment_id } }];
    }
    case 'settle': {
      const { payment_id } = command;
      const { customer_id, capture_ref, amount, currency } = invoice;
      if (status !== 'CLOSED' || invoice.payment_id !== payment_id || capture_ref === null) {
        throw notClosedBy(invoice, payment_id);
      }
      const payload = { invoice_id, order_id, customer_id, payment_id, capture_ref, amount, currency };
      return [{ type: 'invoice.paid', payload }];
    }
    case 'void':
      if (status === 'VOID') return [];
      if (status !== 'OPEN') {
        throw new Refusal(
          'invoice_not_voidable',
          `Invoice ${invoice_id} is ${status}. Only an open invoice can be voided.`,
        );
      }
      return [{ type: 'invoice.voided', payload: { invoice_id, order_id } }];
    default:
      return command satisfies never;
  }
}

/** Makes the refusal to pay an invoice that another payment has closed. */
export const alreadyPaid = ({ invoice_id, status }: Invoice): Refusal =>
  new Refusal('invoice_already_paid', `Invoice ${invoice_id} is ${status}: another payment closed it.`);

const notClosedBy = ({ invoice_id, status }: Invoice, paymentId: string): Refusal =>
  new Refusal('invoice_not_closed', `Invoice ${invoice_id} is ${status}, not closed by payment ${paymentId}.`);

/** Applies an event to an invoice. The fold of an invoice's events is its row. */
export function evolveInvoice(invoice: Invoice | undefined, event: InvoiceEvent): Invoice {
  if (event.type === 'invoice.issued') {
    return { ...event.payload, status: 'OPEN', payment_id: null, capture_ref: null, version: 1 };
  }
  if (!invoice) throw new Error(`${event.type} before invoice.issued: the event log is broken.`);
  switch (event.type) {
    case 'invoice.closed': {
      const { payment_id, capture_ref } = event.payload;
      return { ...invoice, status: 'CLOSED', payment_id, capture_ref };
    }
    case 'invoice.reopened':
      return { ...invoice, status: 'OPEN', payment_id: null, capture_ref: null };
    case 'invoice.paid':
      return { ...invoice, status: 'PAID' };
    case 'invoice.voided':
      return { ...invoice, status: 'VOID' };
    default:
      return event satisfies never;
  }
}

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

/** The invoice as an aggregate. */
export const invoiceAggregate: Aggregate<Invoice, InvoiceEvent> = {
  type: 'invoice',
  table: defineTable('invoice', 'invoice_id'),
  evolve: evolveInvoice,
};

/** Loads and locks an invoice. Callers must lock its order first. @throws Refusal `invoice_not_found` */
export async function loadInvoice(uow: UnitOfWork, invoiceId: string): Promise<Invoice> {
  const invoice = await uow.load(invoiceAggregate, invoiceId);
  if (!invoice) throw invoiceNotFound(invoiceId);
  return invoice;
}

/** Makes the refusal for an unknown invoice. */
export const invoiceNotFound = (invoiceId: string): Refusal =>
  new Refusal('invoice_not_found', `This order has no invoice ${invoiceId}.`);
