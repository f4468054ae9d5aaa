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

/** The account of a customer. */
export const customerAccount = (customerId: string): string => `customer:${customerId}`;

/** The entries for money received for a customer. The credit cannot be spent. */
export const paymentCredit = (customerId: string, amount: number, currency: string): LedgerEntry[] => [
  { account: 'provider_clearing', amount: -amount, currency },
  { account: customerAccount(customerId), amount, currency },
];

/** The opposite entries. */
export const reversal = (entries: readonly LedgerEntry[]): LedgerEntry[] =>
  entries.map((entry) => ({ ...entry, amount: -entry.amount }));
