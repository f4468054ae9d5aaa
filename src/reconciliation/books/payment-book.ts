import type { OrderStatus } from '../../orders/order';
import type { PaymentStatus } from '../../payments/payment';
import { difference, type Difference, type DifferenceKind, money } from '../difference';

/** Amounts in minor units. */
interface Money {
  readonly amount: number;
  readonly currency: string;
}

/** All that the books say of one payment. */
export interface PaymentBook extends Money {
  readonly payment_id: string;
  readonly status: PaymentStatus;
  readonly order_status: OrderStatus;
  /** To the customer's balance, less what was reversed. */
  readonly credited: number;
  /** What a provider was asked for; `null` for what was paid outside. */
  readonly charge:
    (Money & { readonly provider: string; readonly state: 'asked' | 'charged' | 'refused' | 'refunded' }) | null;
  /** The same on the provider's list. */
  readonly there: (Money & { readonly refunded_amount: number }) | null;
  /** What was notified under its id besides, within the window. */
  readonly conflict: (Money & { readonly order_id: string }) | null;
  /** Why money that was notified within the window counts for nothing, and was not returned yet; a stable code. */
  readonly refused: string | null;
  /** Whether the provider's list reaches back to the charge, and could be read. */
  readonly comparable: boolean;
  /** A saga of its order runs, or it has changed just now: nothing is amiss yet. */
  readonly in_motion: boolean;
}

/** What a payment should have credited: the credit of a refund that is due is reversed already. */
export const dueCredit = ({ status, order_status, amount }: PaymentBook): number =>
  status === 'CAPTURED' && order_status !== 'REFUND_DUE' ? amount : 0;

export function reconcilePayment(book: PaymentBook): Difference[] {
  if (book.in_motion) return [];
  const found = [
    ...compareCredit(book),
    ...compareCharge(book),
    ...compareProvider(book),
    ...compareNotices(book),
    ...compareRefused(book),
  ];
  return found.filter(({ kind }, index) => found.findIndex((other) => other.kind === kind) === index);
}

function compareCredit(book: PaymentBook): Difference[] {
  const due = dueCredit(book);
  if (book.credited === due) return [];
  return [differs(book, book.credited < due ? 'credit_missing' : 'credit_unfounded', due, book.credited)];
}

/** Payment and charge, both as they are said here. */
function compareCharge(book: PaymentBook): Difference[] {
  const { payment_id, status, charge } = book;
  if (!charge) return [];
  if (!same(charge, book)) {
    const [expected, actual] = [money(book.amount, book.currency), money(charge.amount, charge.currency)];
    return [
      difference('amount_differs', payment_id, { expected, actual, more: `${charge.provider} was asked for it.` }),
    ];
  }
  // A refund of the operator's own leaves the charge as it is.
  const isTaken = charge.state === 'charged' || (status === 'REFUNDED' && charge.state === 'refunded');
  if (status === 'CAPTURED' || status === 'REFUNDED') {
    return isTaken ? [] : [difference('charge_missing', payment_id, { expected: 'charged', actual: charge.state })];
  }
  return charge.state === 'charged' ? [differs(book, 'charge_kept', 0, charge.amount)] : [];
}

/** The charge, as it is said here and there. */
function compareProvider({ payment_id, charge, there, comparable }: PaymentBook): Difference[] {
  if (!charge || !comparable) return [];
  const more = `The provider is ${charge.provider}.`;
  const isTaken = charge.state === 'charged' || charge.state === 'refunded';
  const here = isTaken ? money(charge.amount, charge.currency) : null;
  if (!there) {
    if (!isTaken) return [];
    return [difference('charge_unknown_to_provider', payment_id, { expected: here, actual: null, more })];
  }
  const taken = money(there.amount, there.currency);
  if (!isTaken) return [difference('charge_unknown_here', payment_id, { expected: taken, actual: null, more })];
  if (!same(charge, there)) return [difference('amount_differs', payment_id, { expected: taken, actual: here, more })];

  const refundedHere = charge.state === 'refunded' ? charge.amount : 0;
  if (there.refunded_amount === refundedHere) return [];
  const kind = there.refunded_amount > refundedHere ? 'refund_unknown_here' : 'refund_unknown_to_provider';
  const [expected, actual] = [money(there.refunded_amount, there.currency), money(refundedHere, charge.currency)];
  return [difference(kind, payment_id, { expected, actual, more })];
}

/** What the payment says, and what came besides. */
function compareNotices({ payment_id, amount, currency, conflict }: PaymentBook): Difference[] {
  if (!conflict) return [];
  const [expected, actual] = [money(amount, currency), money(conflict.amount, conflict.currency)];
  return [difference('payment_conflicted', payment_id, { expected, actual, more: `It named ${conflict.order_id}.` })];
}

/** No provider was asked for it here: somebody else took the money that was notified. */
function compareRefused({ payment_id, amount, currency, refused }: PaymentBook): Difference[] {
  if (refused === null) return [];
  const [expected, actual] = [money(0, currency), money(amount, currency)];
  return [difference('payment_refused', payment_id, { expected, actual, more: `It was refused as ${refused}.` })];
}

const same = (one: Money, other: Money): boolean => one.amount === other.amount && one.currency === other.currency;

const differs = (
  { payment_id, currency }: PaymentBook,
  kind: DifferenceKind,
  expected: number,
  actual: number,
): Difference => difference(kind, payment_id, { expected: money(expected, currency), actual: money(actual, currency) });
