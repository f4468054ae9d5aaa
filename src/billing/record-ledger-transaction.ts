import { defineTable } from '../platform/database/table';
import type { PendingWrites } from '../mediator/unit-of-work';
import type { LedgerEntry } from './ledger';

/** A transaction of the ledger. */
export interface LedgerTransaction {
  readonly ledger_transaction_id: string;
  readonly kind: 'payment_credit' | 'payment_credit_reversal';
  /** The id of the saga. It is unique per `kind`, so nothing is booked twice. */
  readonly reference: string;
  readonly reverses: string | null;
  readonly created_at: string;
  readonly entries: readonly LedgerEntry[];
}

const transactionTable = defineTable('ledger_transaction', 'ledger_transaction_id');
const entryTable = defineTable('ledger_entry', 'ledger_transaction_id');

/** The database refuses a transaction that does not sum to zero. */
export function recordLedgerTransaction(uow: PendingWrites, { entries, ...transaction }: LedgerTransaction): void {
  uow.insert(transactionTable, transaction);
  for (const entry of entries) {
    uow.insert(entryTable, { ledger_transaction_id: transaction.ledger_transaction_id, ...entry });
  }
}
