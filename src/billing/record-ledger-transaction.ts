import type { PendingWrites } from '../mediator/unit-of-work';
import type { LedgerEntry } from './ledger';

export interface LedgerTransaction {
  readonly ledger_transaction_id: string;
  readonly kind: 'payment_credit' | 'payment_credit_reversal';
  /** What it is for; with `kind` it is unique, so nothing is booked twice. */
  readonly reference: string;
  readonly reverses: string | null;
  readonly created_at: string;
  readonly entries: readonly LedgerEntry[];
}

/** The database refuses a transaction that does not sum to zero. */
export function recordLedgerTransaction(uow: PendingWrites, { entries, ...transaction }: LedgerTransaction): void {
  uow.insert('ledger_transaction', transaction);
  for (const entry of entries) {
    uow.insert('ledger_entry', { ledger_transaction_id: transaction.ledger_transaction_id, ...entry });
  }
}
