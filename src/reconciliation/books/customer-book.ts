import { difference, type Difference, money } from '../difference';

/** A customer's account in one currency. What is in motion is in neither of the sums. */
export interface CustomerBook {
  readonly customer_id: string;
  readonly currency: string;
  /** Of the ledger's entries. */
  readonly balance: number;
  /** Of the payments that were made, and are not paid back or owed. */
  readonly paid: number;
}

export function reconcileCustomer({ customer_id, currency, balance, paid }: CustomerBook): Difference[] {
  if (balance === paid) return [];
  const [expected, actual] = [money(paid, currency), money(balance, currency)];
  return [difference('balance_differs', `${customer_id}/${currency}`, { expected, actual })];
}
