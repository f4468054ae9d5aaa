import type { PendingWrites } from '../cqrs/unit-of-work';
import { defineTable } from '../platform/database/table';

/**
 * An entry of the double-entry ledger. The entries of a transaction sum to zero per currency. A transaction is never
 * deleted; its reversal has the opposite entries.
 */
export interface LedgerEntry {
  /** `provider_clearing` or `customer:<id>`. */
  readonly account: string;
  /** Minor units, signed. */
  readonly amount: number;
  readonly currency: string;
}

/** Returns the ledger account of a customer. */
export const customerAccount = (customerId: string): string => `customer:${customerId}`;

/** Makes the entries for money received for a customer. */
export const paymentCredit = (customerId: string, amount: number, currency: string): LedgerEntry[] => [
  { account: 'provider_clearing', amount: -amount, currency },
  { account: customerAccount(customerId), amount, currency },
];

/** Makes the opposite entries. */
export const reversal = (entries: readonly LedgerEntry[]): LedgerEntry[] =>
  entries.map((entry) => ({ ...entry, amount: -entry.amount }));

/** A transaction of the ledger. */
export interface LedgerTransaction {
  readonly ledger_transaction_id: string;
  readonly kind: 'payment_credit' | 'payment_credit_reversal';
  /** The id of the saga. It is unique per `kind`, so nothing is booked twice. */
  readonly reference: string;
  /** The id of the transaction that this one reverses. */
  readonly reverses: string | null;
  readonly created_at: string;
  readonly entries: readonly LedgerEntry[];
}

const transactionTable = defineTable('ledger_transaction', 'ledger_transaction_id');
const entryTable = defineTable('ledger_entry', 'ledger_transaction_id');

/** Records a transaction with its entries. The database refuses entries that do not sum to zero. */
export function recordLedgerTransaction(uow: PendingWrites, { entries, ...transaction }: LedgerTransaction): void {
  uow.insert(transactionTable, transaction);
  for (const entry of entries) {
    uow.insert(entryTable, { ledger_transaction_id: transaction.ledger_transaction_id, ...entry });
  }
}
