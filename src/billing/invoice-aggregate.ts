import type { Aggregate } from '../mediator/aggregate';
import { defineTable } from '../platform/database/table';
import type { UnitOfWork } from '../mediator/unit-of-work';
import { Refusal } from '../platform/refusal';
import { evolveInvoice, type Invoice } from './invoice';
import type { InvoiceEvent } from './invoice-events';

/** The invoice as an aggregate. */
export const invoiceAggregate: Aggregate<Invoice, InvoiceEvent> = {
  type: 'invoice',
  table: defineTable('invoice', 'invoice_id'),
  evolve: evolveInvoice,
};

/** Loads and locks an invoice. Lock its order before it. @throws Refusal `invoice_not_found` */
export async function loadInvoice(uow: UnitOfWork, invoiceId: string): Promise<Invoice> {
  const invoice = await uow.load(invoiceAggregate, invoiceId);
  if (!invoice) throw invoiceNotFound(invoiceId);
  return invoice;
}

/** The refusal for an unknown invoice. */
export const invoiceNotFound = (invoiceId: string): Refusal =>
  new Refusal('invoice_not_found', `This order has no invoice ${invoiceId}.`);
