import { z } from 'zod';
import type { Aggregate } from '../cqrs/unit-of-work';
import { defineEvent, type EventOf } from '../events/registry';
import { defineTable } from '../platform/database/table';
import { Refusal } from '../platform/refusal';
import { amount, clientId, currency, instant, opaqueId, outsideId, sku, text } from '../platform/schemas';
import { alreadyPaid, type Invoice } from './invoice';
import { notPayable, type Order } from './order';

/** The statuses of a payment. */
export type PaymentStatus = 'REQUESTED' | 'CAPTURED' | 'REFUNDED' | 'FAILED';

/** The content of a payment, which never changes: other content under the same id is refused. */
export interface PaymentContent {
  readonly payment_id: string;
  readonly order_id: string;
  readonly invoice_id: string;
  readonly customer_id: string;
  /** Minor units. */
  readonly amount: number;
  readonly currency: string;
}

/** A payment: the row of `payment` and the fold of its events. */
export interface Payment extends PaymentContent {
  readonly status: PaymentStatus;
  readonly failure_code: string | null;
  /** The last refused content under this id. It changes nothing else. */
  readonly conflict: PaymentContent | null;
  readonly requested_at: string;
  readonly version: number;
}

/** A command on a payment. */
export type PaymentCommand =
  | { readonly type: 'request'; readonly content: PaymentContent; readonly requested_at: string }
  /** Other content under the id of a known payment. */
  | { readonly type: 'conflict'; readonly content: PaymentContent }
  | { readonly type: 'capture'; readonly capture_ref: string; readonly balance_tx_id: string }
  | { readonly type: 'fail'; readonly code: string }
  | { readonly type: 'refund'; readonly reference: string };

/**
 * Decides a command on a payment. Returns no event when the payment already has the wanted state.
 *
 * @throws Refusal `payment_conflict`, `payment_not_requested`, `payment_not_captured`
 */
export function decidePayment(command: PaymentCommand, payment: Payment | undefined): PaymentEvent[] {
  if (command.type === 'request') {
    if (payment && !sameContent(payment, command.content)) throw paymentConflict(payment);
    // A failed payment may be requested again, because the reason of its refusal may have changed.
    if (payment && payment.status !== 'FAILED') return [];
    return [{ type: 'payment.requested', payload: { ...command.content, requested_at: command.requested_at } }];
  }
  if (!payment) throw new Error(`There is no payment to ${command.type}.`);
  const { payment_id, order_id, invoice_id, amount, currency, status } = payment;

  switch (command.type) {
    case 'conflict': {
      const { content } = command;
      const isKnown = sameContent(payment, content) || (payment.conflict && sameContent(payment.conflict, content));
      return isKnown ? [] : [{ type: 'payment.conflicted', payload: content }];
    }
    case 'capture': {
      if (status !== 'REQUESTED') throw notRequested(payment);
      const { capture_ref, balance_tx_id } = command;
      const payload = { payment_id, order_id, invoice_id, amount, currency, capture_ref, balance_tx_id };
      return [{ type: 'payment.captured', payload }];
    }
    case 'fail':
      if (status === 'FAILED') return [];
      if (status !== 'REQUESTED') throw notRequested(payment);
      return [{ type: 'payment.failed', payload: { payment_id, order_id, code: command.code } }];
    case 'refund': {
      if (status !== 'CAPTURED') {
        throw new Refusal('payment_not_captured', `Payment ${payment_id} is ${status}. There is nothing to refund.`);
      }
      const { reference } = command;
      return [{ type: 'payment.refunded', payload: { payment_id, order_id, amount, currency, reference } }];
    }
    default:
      return command satisfies never;
  }
}

const contentFields = ['payment_id', 'order_id', 'invoice_id', 'customer_id', 'amount', 'currency'] as const;

/** Checks whether both contents are equal. */
export const sameContent = (one: PaymentContent, other: PaymentContent): boolean =>
  contentFields.every((field) => one[field] === other[field]);

/** Makes the refusal of other content under a known id. */
export const paymentConflict = ({ payment_id }: Payment): Refusal =>
  new Refusal(
    'payment_conflict',
    `Payment ${payment_id} was notified before with other content. Check the payment_id.`,
  );

const notRequested = ({ payment_id, status }: Payment): Refusal =>
  new Refusal('payment_not_requested', `Payment ${payment_id} is ${status}.`);

/** Applies an event to a payment. The fold of a payment's events is its row. */
export function evolvePayment(payment: Payment | undefined, event: PaymentEvent): Payment {
  if (event.type === 'payment.requested') {
    const { conflict = null, version = 1 } = payment ?? {};
    return { ...event.payload, status: 'REQUESTED', failure_code: null, conflict, version };
  }
  if (!payment) throw new Error(`${event.type} before payment.requested: the event log is broken.`);
  switch (event.type) {
    case 'payment.captured':
      return { ...payment, status: 'CAPTURED' };
    case 'payment.failed':
      return { ...payment, status: 'FAILED', failure_code: event.payload.code };
    case 'payment.conflicted':
      return { ...payment, conflict: event.payload };
    case 'payment.refunded':
      return { ...payment, status: 'REFUNDED' };
    default:
      return event satisfies never;
  }
}

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

/** The payment as an aggregate. */
export const paymentAggregate: Aggregate<Payment, PaymentEvent> = {
  type: 'payment',
  table: defineTable('payment', 'payment_id'),
  evolve: evolvePayment,
};

/** Returns the reason why the payment cannot pay the order, or `undefined` if it can. */
export function refusalOf(order: Order, invoice: Invoice, payment: PaymentContent): Refusal | undefined {
  if (order.collection_method === 'charge_automatically') {
    return new Refusal(
      'order_not_payable',
      `Order ${order.order_id} is charged automatically. It cannot be paid by invoice.`,
    );
  }
  if (order.status === 'CANCELLED' || invoice.status === 'VOID') return notPayable(order);
  if (invoice.status !== 'OPEN') return alreadyPaid(invoice);
  if (payment.amount !== invoice.amount || payment.currency !== invoice.currency) {
    return new Refusal(
      'amount_mismatch',
      `Invoice ${invoice.invoice_id} is ${invoice.amount} ${invoice.currency} (minor units), not ` +
        `${payment.amount} ${payment.currency}. A payment must pay the whole invoice. No money was moved.`,
    );
  }
  return undefined;
}
