import { discrepancy, type Discrepancy, money } from '../difference';

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
