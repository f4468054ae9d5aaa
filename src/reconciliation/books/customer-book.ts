import { discrepancy, type Discrepancy, money } from '../difference';

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
