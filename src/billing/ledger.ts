/**
 * The double-entry ledger: a movement is a transaction whose entries sum to zero per currency, and is
 * undone by its opposite, never deleted.
 */
export interface LedgerEntry {
  /** `provider_clearing` or `customer:<id>`. */
  readonly account: string;
  /** Minor units, signed. */
  readonly amount: number;
  readonly currency: string;
}

export const customerAccount = (customerId: string): string => `customer:${customerId}`;

/** Records money received for the customer; it is not spendable. */
export const paymentCredit = (customerId: string, amount: number, currency: string): LedgerEntry[] => [
  { account: 'provider_clearing', amount: -amount, currency },
  { account: customerAccount(customerId), amount, currency },
];

export const reversal = (entries: readonly LedgerEntry[]): LedgerEntry[] =>
  entries.map((entry) => ({ ...entry, amount: -entry.amount }));
