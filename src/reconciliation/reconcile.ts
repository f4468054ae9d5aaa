import type { OrderStatus } from '../domain/order';
import type { PaymentStatus } from '../domain/payment';

/** Each kind of discrepancy with its description. */
export const discrepancyKinds = {
  charge_unknown_here: 'A provider took money that paysaga does not know of.',
  charge_unknown_to_provider: 'The charge is recorded, but is missing from the provider’s list.',
  charge_missing: 'The payment is captured, but its provider did not take the money.',
  charge_kept: 'The provider took the money, but the payment failed. The customer is owed the money.',
  amount_differs: 'The amounts or currencies differ.',
  refund_unknown_here: 'The provider refunded a charge that is recorded as taken.',
  refund_unknown_to_provider: 'The refund is recorded, but the provider did not make it.',
  payment_conflicted:
    'A notification with the same id and other content was refused. Its money may belong to no payment.',
  payment_refused: 'A notified payment was refused. Its payer is owed the money, unless the payment is accepted later.',
  credit_missing: 'The payment is captured, but the ledger has no credit for it.',
  credit_unfounded: 'The ledger has a credit without a captured payment.',
  balance_differs: 'The customer’s balance differs from the sum of the payments that were not refunded.',
  ledger_unbalanced: 'The entries of a ledger transaction do not sum to zero.',
  order_unpaid: 'The order is paid, but has no captured payment.',
  order_overpaid: 'The order has too many captured payments.',
  refund_missing: 'The order is refunded, but none of its payments is.',
  provider_not_read: 'The provider’s list could not be read, so its charges were not compared.',
} as const;

/** A stable name, such as `charge_kept`. */
export type DiscrepancyKind = keyof typeof discrepancyKinds;

/** Two statements that do not agree. */
export interface Discrepancy {
  readonly kind: DiscrepancyKind;
  /** The id of the payment, order, customer, ledger transaction, charge or provider. */
  readonly subject: string;
  readonly detail: string;
  /** The value of the deciding statement; `null` for nothing. */
  readonly expected: string | null;
  /** The value of the other statement; `null` for nothing. */
  readonly actual: string | null;
}

/** Creates a discrepancy. @param more added to the description of the kind */
export const discrepancy = (
  kind: DiscrepancyKind,
  subject: string,
  { expected, actual, more }: Pick<Discrepancy, 'expected' | 'actual'> & { readonly more?: string },
): Discrepancy => ({
  kind,
  subject,
  detail: more === undefined ? discrepancyKinds[kind] : `${discrepancyKinds[kind]} ${more}`,
  expected,
  actual,
});

/** Formats an amount in minor units with its currency. */
export const money = (amount: number, currency: string): string => `${amount} ${currency}`;

/** A charge on a provider's list. */
export interface ChargeStatement {
  readonly provider: string;
  readonly charge_ref: string;
  readonly payment_id: string;
  /** Minor units. */
  readonly amount: number;
  readonly currency: string;
  /** Whether paysaga requested the charge from this provider. */
  readonly known: boolean;
  /** Too recent to compare, or a saga of its order runs. */
  readonly in_motion: boolean;
}

/** Reports a charge that paysaga did not request. Every other charge is compared with its payment. */
export function reconcileCharge(statement: ChargeStatement): Discrepancy[] {
  if (statement.in_motion || statement.known) return [];
  const { provider, charge_ref, payment_id, amount, currency } = statement;
  const more = `It names payment ${payment_id}.`;
  const expected = money(amount, currency);
  return [discrepancy('charge_unknown_here', `${provider}/${charge_ref}`, { expected, actual: null, more })];
}

/** A customer's account in one currency, without orders in motion. Amounts in minor units. */
export interface CustomerStatement {
  readonly customer_id: string;
  readonly currency: string;
  /** The sum of the ledger's entries. */
  readonly balance: number;
  /** The sum of the captured payments that are not to be refunded. */
  readonly paid: number;
}

/** Compares a customer's balance with the customer's payments. */
export function reconcileCustomer({ customer_id, currency, balance, paid }: CustomerStatement): Discrepancy[] {
  if (balance === paid) return [];
  const [expected, actual] = [money(paid, currency), money(balance, currency)];
  return [discrepancy('balance_differs', `${customer_id}/${currency}`, { expected, actual })];
}

/** An order with the number of its captured and refunded payments. */
export interface OrderStatement {
  readonly order_id: string;
  readonly status: OrderStatus;
  readonly captured: number;
  readonly refunded: number;
  readonly in_motion: boolean;
}

/** The number of captured payments that an order in this status has. */
const CAPTURED: Record<OrderStatus, 0 | 1> = {
  PENDING_PAYMENT: 0,
  PAID: 1,
  FULFILLED: 1,
  REFUND_DUE: 1,
  CANCELLED: 0,
  REFUNDED: 0,
};

/** Compares an order with its payments. */
export function reconcileOrder({ order_id, status, captured, refunded, in_motion }: OrderStatement): Discrepancy[] {
  if (in_motion) return [];
  const due = CAPTURED[status];
  const more = `It is ${status}.`;
  if (captured !== due) {
    const counts = { expected: String(due), actual: String(captured) };
    return [discrepancy(captured < due ? 'order_unpaid' : 'order_overpaid', order_id, { ...counts, more })];
  }
  if (status === 'REFUNDED' && refunded < 1) {
    return [discrepancy('refund_missing', order_id, { expected: '1', actual: String(refunded), more })];
  }
  return [];
}

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

/** The sum of a ledger transaction's entries in one currency. */
export interface TransactionStatement {
  readonly ledger_transaction_id: string;
  readonly currency: string;
  readonly sum: number;
}

/** Checks that a ledger transaction sums to zero, which the database also enforces. */
export function reconcileTransaction({ ledger_transaction_id, currency, sum }: TransactionStatement): Discrepancy[] {
  if (sum === 0) return [];
  const subject = `${ledger_transaction_id}/${currency}`;
  return [discrepancy('ledger_unbalanced', subject, { expected: money(0, currency), actual: money(sum, currency) })];
}

/** All statements, or a page of one. Each row is compared by itself. */
export interface Statements {
  readonly charges: readonly ChargeStatement[];
  readonly payments: readonly PaymentStatement[];
  readonly orders: readonly OrderStatement[];
  readonly customers: readonly CustomerStatement[];
  readonly transactions: readonly TransactionStatement[];
}

/** Returns all discrepancies, one per kind and subject. A pure function of the statements. */
export const reconcile = ({ charges, payments, orders, customers, transactions }: Statements): Discrepancy[] => [
  ...charges.flatMap(reconcileCharge),
  ...payments.flatMap(reconcilePayment),
  ...orders.flatMap(reconcileOrder),
  ...customers.flatMap(reconcileCustomer),
  ...transactions.flatMap(reconcileTransaction),
];

/** Statements without rows. */
export const noStatements: Statements = { charges: [], payments: [], orders: [], customers: [], transactions: [] };
