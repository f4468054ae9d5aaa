import { type ChargeBook, reconcileCharge } from './books/charge-book';
import { type CustomerBook, reconcileCustomer } from './books/customer-book';
import { type OrderBook, reconcileOrder } from './books/order-book';
import { type PaymentBook, reconcilePayment } from './books/payment-book';
import { reconcileTransaction, type TransactionBook } from './books/transaction-book';
import type { Difference } from './difference';

/** What the parties say, or a page of it: each entry is compared by itself. */
export interface Books {
  readonly charges: readonly ChargeBook[];
  readonly payments: readonly PaymentBook[];
  readonly orders: readonly OrderBook[];
  readonly customers: readonly CustomerBook[];
  readonly transactions: readonly TransactionBook[];
}

/** Everything that does not agree, once per kind and subject. Pure: it decides by the books alone. */
export const reconcile = ({ charges, payments, orders, customers, transactions }: Books): Difference[] => [
  ...charges.flatMap(reconcileCharge),
  ...payments.flatMap(reconcilePayment),
  ...orders.flatMap(reconcileOrder),
  ...customers.flatMap(reconcileCustomer),
  ...transactions.flatMap(reconcileTransaction),
];

export const noBooks: Books = { charges: [], payments: [], orders: [], customers: [], transactions: [] };
