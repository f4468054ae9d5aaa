import { Refusal } from '../platform/refusal';
import type { PaymentEvent } from './payment-events';

export type PaymentStatus = 'REQUESTED' | 'CAPTURED' | 'REFUNDED' | 'FAILED';

/** What a payment says; the same id with another content is another payment, and refused. */
export interface PaymentContent {
  readonly payment_id: string;
  readonly order_id: string;
  readonly invoice_id: string;
  readonly customer_id: string;
  /** Minor units. */
  readonly amount: number;
  readonly currency: string;
}

/** The row of `payment`: the fold of the payment's events. */
export interface Payment extends PaymentContent {
  readonly status: PaymentStatus;
  readonly failure_code: string | null;
  /** What came last under this id although it is another payment's content. It changes nothing else. */
  readonly conflict: PaymentContent | null;
  readonly requested_at: string;
  readonly version: number;
}

export type PaymentCommand =
  | { readonly type: 'request'; readonly content: PaymentContent; readonly requested_at: string }
  /** Another content under the id of a payment that is known. */
  | { readonly type: 'conflict'; readonly content: PaymentContent }
  | { readonly type: 'capture'; readonly capture_ref: string; readonly balance_tx_id: string }
  | { readonly type: 'fail'; readonly code: string }
  | { readonly type: 'refund'; readonly reference: string };

/** @throws Refusal `payment_conflict`, `payment_not_requested`, `payment_not_captured` */
export function decidePayment(command: PaymentCommand, payment: Payment | undefined): PaymentEvent[] {
  if (command.type === 'request') {
    if (payment && !sameContent(payment, command.content)) throw paymentConflict(payment);
    // A failed payment may be requested again: what refused it may have changed.
    if (payment && payment.status !== 'FAILED') return [];
    return [{ type: 'payment.requested', payload: { ...command.content, requested_at: command.requested_at } }];
  }
  if (!payment) throw new Error(`Nothing was requested that could ${command.type}.`);
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
        throw new Refusal('payment_not_captured', `Payment ${payment_id} is ${status}; there is nothing to pay back.`);
      }
      const { reference } = command;
      return [{ type: 'payment.refunded', payload: { payment_id, order_id, amount, currency, reference } }];
    }
    default:
      return command satisfies never;
  }
}

const contentFields = ['payment_id', 'order_id', 'invoice_id', 'customer_id', 'amount', 'currency'] as const;

/** Whether both tell of one payment. */
export const sameContent = (one: PaymentContent, other: PaymentContent): boolean =>
  contentFields.every((field) => one[field] === other[field]);

export const paymentConflict = ({ payment_id }: Payment): Refusal =>
  new Refusal('payment_conflict', `Payment ${payment_id} was notified before with another content; check its id.`);

const notRequested = ({ payment_id, status }: Payment): Refusal =>
  new Refusal('payment_not_requested', `Payment ${payment_id} is ${status}.`);

/** The state after the event; replaying a payment's events gives its row. */
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
