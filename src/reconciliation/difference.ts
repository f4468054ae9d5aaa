/** Each kind of discrepancy with its description. */
export const discrepancyKinds = {
  charge_unknown_here: 'A provider took money that paysaga does not know of.',
  charge_unknown_to_provider: 'The charge is recorded, but is missing from the provider’s list.',
  charge_missing: 'The payment is captured, but its provider did not take the money.',
  charge_kept: 'The provider took the money, but the payment failed. The customer is owed the money.',
  amount_differs: 'The amounts or currencies differ.',
  refund_unknown_here: 'The provider refunded a charge that is recorded as taken.',
  refund_unknown_to_provider: 'The refund is recorded, but the provider did not make it.',
  payment_conflicted:
    'A notification with the same id and other content was refused. Its money may belong to no payment.',
  payment_refused: 'A notified payment was refused. Its payer is owed the money, unless the payment is accepted later.',
  credit_missing: 'The payment is captured, but the ledger has no credit for it.',
  credit_unfounded: 'The ledger has a credit without a captured payment.',
  balance_differs: 'The customer’s balance differs from the sum of the payments that were not refunded.',
  ledger_unbalanced: 'The entries of a ledger transaction do not sum to zero.',
  order_unpaid: 'The order is paid, but has no captured payment.',
  order_overpaid: 'The order has too many captured payments.',
  refund_missing: 'The order is refunded, but none of its payments is.',
  provider_not_read: 'The provider’s list could not be read, so its charges were not compared.',
} as const;

/** A stable name, such as `charge_kept`. */
export type DiscrepancyKind = keyof typeof discrepancyKinds;

/** Two statements that do not agree. */
export interface Discrepancy {
  readonly kind: DiscrepancyKind;
  /** The id of the payment, order, customer, ledger transaction, charge or provider. */
  readonly subject: string;
  readonly detail: string;
  /** The value of the deciding statement; `null` for nothing. */
  readonly expected: string | null;
  /** The value of the other statement; `null` for nothing. */
  readonly actual: string | null;
}

/** Creates a discrepancy. @param more added to the description of the kind */
export const discrepancy = (
  kind: DiscrepancyKind,
  subject: string,
  { expected, actual, more }: Pick<Discrepancy, 'expected' | 'actual'> & { readonly more?: string },
): Discrepancy => ({
  kind,
  subject,
  detail: more === undefined ? discrepancyKinds[kind] : `${discrepancyKinds[kind]} ${more}`,
  expected,
  actual,
});

/** Formats an amount in minor units with its currency. */
export const money = (amount: number, currency: string): string => `${amount} ${currency}`;
