import { type ChargeStatement, reconcileCharge } from './books/charge-book';
import { type CustomerStatement, reconcileCustomer } from './books/customer-book';
import { type OrderStatement, reconcileOrder } from './books/order-book';
import { type PaymentStatement, reconcilePayment } from './books/payment-book';
import { reconcileTransaction, type TransactionStatement } from './books/transaction-book';
import type { Discrepancy } from './difference';

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
