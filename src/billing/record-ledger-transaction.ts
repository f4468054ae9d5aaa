import type { UnitOfWork } from '../mediator/unit-of-work';
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

/** Inserts a transaction. The database refuses entries that do not sum to zero. */
export function recordLedgerTransaction(uow: UnitOfWork, { entries, ...transaction }: LedgerTransaction): void {
  uow.insert('ledger_transaction', transaction);
  for (const entry of entries) {
    uow.insert('ledger_entry', { ledger_transaction_id: transaction.ledger_transaction_id, ...entry });
  }
}
