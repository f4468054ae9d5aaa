/** What can be amiss between the books, and what it says. `subject` is the id of what it is about. */
export const differenceKinds = {
  charge_unknown_here: 'A provider took money of which nothing is known here.',
  charge_unknown_to_provider: 'Taken as it is said here, but not on the provider’s list.',
  charge_missing: 'The payment counts as made, but its provider did not take it.',
  charge_kept: 'The provider took it, but the payment has failed: it is owed to the customer.',
  amount_differs: 'Amount or currency are not the same everywhere.',
  refund_unknown_here: 'The provider has paid back what counts as taken here.',
  refund_unknown_to_provider: 'Paid back as it is said here, but not by the provider.',
  payment_conflicted: 'It was notified again with another content, which was refused: money may be nobody’s.',
  payment_refused: 'It was notified as paid, and refused: its payer is owed the money, unless it is used after all.',
  credit_missing: 'The payment counts as made, but the ledger has no credit of it.',
  credit_unfounded: 'The ledger has a credit without a payment that was made.',
  balance_differs: 'The customer’s balance is not the sum of what was paid and not paid back.',
  ledger_unbalanced: 'The entries of a ledger transaction do not sum to zero.',
  order_unpaid: 'The order counts as paid, but no payment of it was made.',
  order_overpaid: 'The order has more payments than it should.',
  refund_missing: 'The order counts as refunded, but no payment of it was.',
  provider_not_read: 'The provider’s list could not be read: nothing is known of its charges.',
} as const;

export type DifferenceKind = keyof typeof differenceKinds;

export interface Difference {
  readonly kind: DifferenceKind;
  readonly subject: string;
  readonly detail: string;
  /** As the books that decide have it; `null` for nothing. */
  readonly expected: string | null;
  /** As the others have it. */
  readonly actual: string | null;
}

/** @param more what the kind alone does not tell */
export const difference = (
  kind: DifferenceKind,
  subject: string,
  { expected, actual, more }: Pick<Difference, 'expected' | 'actual'> & { readonly more?: string },
): Difference => ({
  kind,
  subject,
  detail: more === undefined ? differenceKinds[kind] : `${differenceKinds[kind]} ${more}`,
  expected,
  actual,
});

/** Minor units with their currency. */
export const money = (amount: number, currency: string): string => `${amount} ${currency}`;
