import type { OrderStatus } from '../../orders/order';
import type { PaymentStatus } from '../../payments/payment';
import { discrepancy, type Discrepancy, type DiscrepancyKind, money } from '../difference';

/** Amounts in minor units. */
interface Money {
  readonly amount: number;
  readonly currency: string;
}

/** A payment with its order, ledger entries and charge. */
export interface PaymentStatement extends Money {
  readonly payment_id: string;
  readonly status: PaymentStatus;
  readonly order_status: OrderStatus;
  /** The credit to the customer's balance, less reversals. */
  readonly credited: number;
  /** The charge that paysaga requested; `null` for a payment by external means. */
  readonly charge:
    (Money & { readonly provider: string; readonly state: 'asked' | 'charged' | 'refused' | 'refunded' }) | null;
  /** The charge on the provider's list. */
  readonly theirs: (Money & { readonly refunded_amount: number }) | null;
  /** Other content that was notified under the same id within the window. */
  readonly conflict: (Money & { readonly order_id: string }) | null;
  /** The code of a refusal within the window, unless the money was returned. */
  readonly refused: string | null;
  /** Whether the provider's list was read and reaches back to the charge. */
  readonly comparable: boolean;
  /** Too recent to compare, or a saga of its order runs. */
  readonly in_motion: boolean;
}

/** The credit that a payment should have. The credit of a due refund is already reversed. */
export const dueCredit = ({ status, order_status, amount }: PaymentStatement): number =>
  status === 'CAPTURED' && order_status !== 'REFUND_DUE' ? amount : 0;

/** Compares a payment with its ledger entries, its charge and its notifications. */
export function reconcilePayment(statement: PaymentStatement): Discrepancy[] {
  if (statement.in_motion) return [];
  const found = [
    ...compareCredit(statement),
    ...compareCharge(statement),
    ...compareProvider(statement),
    ...compareNotifications(statement),
    ...compareRefused(statement),
  ];
  return found.filter(({ kind }, index) => found.findIndex((other) => other.kind === kind) === index);
}

function compareCredit(statement: PaymentStatement): Discrepancy[] {
  const due = dueCredit(statement);
  if (statement.credited === due) return [];
  return [
    differs(statement, statement.credited < due ? 'credit_missing' : 'credit_unfounded', due, statement.credited),
  ];
}

/** Compares the payment with our record of its charge. */
function compareCharge(statement: PaymentStatement): Discrepancy[] {
  const { payment_id, status, charge } = statement;
  if (!charge) return [];
  if (!same(charge, statement)) {
    const [expected, actual] = [money(statement.amount, statement.currency), money(charge.amount, charge.currency)];
    return [
      discrepancy('amount_differs', payment_id, {
        expected,
        actual,
        more: `The charge was requested from ${charge.provider}.`,
      }),
    ];
  }
  // A refund by an operator does not change the charge.
  const isTaken = charge.state === 'charged' || (status === 'REFUNDED' && charge.state === 'refunded');
  if (status === 'CAPTURED' || status === 'REFUNDED') {
    return isTaken ? [] : [discrepancy('charge_missing', payment_id, { expected: 'charged', actual: charge.state })];
  }
  return charge.state === 'charged' ? [differs(statement, 'charge_kept', 0, charge.amount)] : [];
}

/** Compares our record of the charge with the provider's. */
function compareProvider({ payment_id, charge, theirs, comparable }: PaymentStatement): Discrepancy[] {
  if (!charge || !comparable) return [];
  const more = `The provider is ${charge.provider}.`;
  const isTaken = charge.state === 'charged' || charge.state === 'refunded';
  const ours = isTaken ? money(charge.amount, charge.currency) : null;
  if (!theirs) {
    if (!isTaken) return [];
    return [discrepancy('charge_unknown_to_provider', payment_id, { expected: ours, actual: null, more })];
  }
  const taken = money(theirs.amount, theirs.currency);
  if (!isTaken) return [discrepancy('charge_unknown_here', payment_id, { expected: taken, actual: null, more })];
  if (!same(charge, theirs))
    return [discrepancy('amount_differs', payment_id, { expected: taken, actual: ours, more })];

  const ourRefund = charge.state === 'refunded' ? charge.amount : 0;
  if (theirs.refunded_amount === ourRefund) return [];
  const kind = theirs.refunded_amount > ourRefund ? 'refund_unknown_here' : 'refund_unknown_to_provider';
  const [expected, actual] = [money(theirs.refunded_amount, theirs.currency), money(ourRefund, charge.currency)];
  return [discrepancy(kind, payment_id, { expected, actual, more })];
}

/** Reports a notification with the payment's id and other content. */
function compareNotifications({ payment_id, amount, currency, conflict }: PaymentStatement): Discrepancy[] {
  if (!conflict) return [];
  const [expected, actual] = [money(amount, currency), money(conflict.amount, conflict.currency)];
  return [discrepancy('payment_conflicted', payment_id, { expected, actual, more: `It named ${conflict.order_id}.` })];
}

/** Reports a refused payment, whose money was taken by external means. */
function compareRefused({ payment_id, amount, currency, refused }: PaymentStatement): Discrepancy[] {
  if (refused === null) return [];
  const [expected, actual] = [money(0, currency), money(amount, currency)];
  return [discrepancy('payment_refused', payment_id, { expected, actual, more: `It was refused as ${refused}.` })];
}

const same = (one: Money, other: Money): boolean => one.amount === other.amount && one.currency === other.currency;

const differs = (
  { payment_id, currency }: PaymentStatement,
  kind: DiscrepancyKind,
  expected: number,
  actual: number,
): Discrepancy =>
  discrepancy(kind, payment_id, { expected: money(expected, currency), actual: money(actual, currency) });
