/** Money to be taken; every retry of the same charge says the same. */
export interface ChargeRequest {
  /** Idempotency key: one key is charged at most once, however often it is asked. */
  readonly key: string;
  readonly payment_id: string;
  readonly order_id: string;
  readonly customer_id: string;
  /** Minor units. */
  readonly amount: number;
  readonly currency: string;
  readonly payment_method: string;
}

export interface Charge {
  /** The provider's own id of the charge. */
  readonly charge_ref: string;
}

export interface Refund {
  /** The provider's own id of the refund; `null` when the charge had taken nothing. */
  readonly refund_ref: string | null;
}

/** A charge as the provider's books have it. Amounts in minor units. */
export interface ProviderCharge {
  readonly key: string;
  readonly charge_ref: string;
  readonly payment_id: string;
  readonly amount: number;
  readonly currency: string;
  readonly refunded_amount: number;
  /** RFC 3339, UTC, by the provider's clock. */
  readonly created_at: string;
}

/** Who takes and pays back money. Every adapter passes one contract suite. */
export interface PaymentProvider {
  /** Kept with each charge, so that its refund finds the way back: renaming one strands its charges. */
  readonly name: string;
  /** Whether this provider can take this charge, to the last unit; the first in the chain that can, does. */
  accepts(request: Pick<ChargeRequest, 'payment_method' | 'amount' | 'currency'>): boolean;
  /**
   * Takes the money. The same key again answers the same charge, also when the first call timed out.
   *
   * @throws Refusal `payment_declined`, `insufficient_funds`, or `charge_voided` after a refund of the key.
   *   Any other error leaves open whether the money was taken: ask again with the same key.
   */
  charge(request: ChargeRequest): Promise<Charge>;
  /**
   * Pays back all that the key took, also when nobody knows whether it took anything. Once it has resolved, a
   * late charge of the key takes nothing. Done once, however often it is asked.
   *
   * @param charge_ref the charge, where its answer was recorded: a provider that forgets keys need not look for it
   * @throws Refusal `refund_refused` when the provider will not pay back; any other error: ask again
   */
  refund(request: ChargeRequest, charge_ref?: string | null): Promise<Refund>;
  /**
   * Every charge that took money at or after this time (RFC 3339), in any order; for the reconciliation. In pages as
   * the provider gives them, also those that have none: whoever reads can tell that the reading goes on.
   */
  charges(since: string): AsyncIterable<readonly ProviderCharge[]>;
}
