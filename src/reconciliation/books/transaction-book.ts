import { difference, type Difference, money } from '../difference';

/** The sum of a ledger transaction's entries in one currency. */
export interface TransactionBook {
  readonly ledger_transaction_id: string;
  readonly currency: string;
  readonly sum: number;
}

/** The database refuses such a transaction; this looks whether it has. */
export function reconcileTransaction({ ledger_transaction_id, currency, sum }: TransactionBook): Difference[] {
  if (sum === 0) return [];
  const subject = `${ledger_transaction_id}/${currency}`;
  return [difference('ledger_unbalanced', subject, { expected: money(0, currency), actual: money(sum, currency) })];
}
