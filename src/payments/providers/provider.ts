/** A charge. Every retry of a charge has the same content. */
export interface ChargeRequest {
  /** The idempotency key. A key is charged at most once. */
  readonly key: string;
  readonly payment_id: string;
  readonly order_id: string;
  readonly customer_id: string;
  /** In minor units. */
  readonly amount: number;
  readonly currency: string;
  readonly payment_method: string;
}

/** A provider's charge. */
export interface Charge {
  /** The provider's id of the charge. */
  readonly charge_ref: string;
}

/** A provider's refund. */
export interface Refund {
  /** The provider's id of the refund; `null` if nothing was charged. */
  readonly refund_ref: string | null;
}

/** A charge on a provider's list. Amounts in minor units. */
export interface ProviderCharge {
  readonly key: string;
  readonly charge_ref: string;
  readonly payment_id: string;
  readonly amount: number;
  readonly currency: string;
  readonly refunded_amount: number;
  /** RFC 3339, UTC, from the provider's clock. */
  readonly created_at: string;
}

/** A provider that charges and refunds. Every adapter passes the same contract suite. */
export interface PaymentProvider {
  /** Stored with each charge for its refund. Renaming a provider strands its charges. */
  readonly name: string;
  /** Whether this provider can take exactly this charge. The first such provider in the chain does. */
  accepts(request: Pick<ChargeRequest, 'payment_method' | 'amount' | 'currency'>): boolean;
  /**
   * Charges the money. Repeating a key returns its first charge, even after a time-out.
   *
   * @throws Refusal `payment_declined`, `insufficient_funds`, or `charge_voided` after a refund of the key.
   *   After any other error it is unknown whether the money was taken: repeat the call with the same key.
   */
  charge(request: ChargeRequest): Promise<Charge>;
  /**
   * Refunds whatever the key took, even if that is unknown. Afterwards a late charge of the key takes nothing. Repeating
   * a refund returns the first one.
   *
   * @param charge_ref the charge if its answer was recorded; for a provider that forgets keys
   * @throws Refusal `refund_refused` when the provider will not refund; repeat the call after any other error
   */
  refund(request: ChargeRequest, charge_ref?: string | null): Promise<Refund>;
  /**
   * Lists every charge that took money at or after this time (RFC 3339), in any order; for the reconciliation. Yields every
   * page, even an empty one, so that the reader sees progress.
   */
  charges(since: string): AsyncIterable<readonly ProviderCharge[]>;
}

type Requested = Pick<ChargeRequest, 'payment_method' | 'amount' | 'currency'>;

/** A provider behind a circuit breaker. */
export interface GuardedProvider extends PaymentProvider {
  /** Whether the circuit breaker refuses calls, because the last calls failed. */
  isOpen(): boolean;
}

/** The providers in their order. The first provider that accepts a charge takes it. */
export interface ProviderChain {
  /** The first provider that accepts the charge. @throws Refusal `payment_method_not_supported` if none does */
  first(request: Requested): GuardedProvider;
  /** The first provider after this one that accepts the charge and is available. */
  next(request: Requested, after: string): GuardedProvider | undefined;
  /** The provider of this name. @throws Error if it is not configured */
  named(name: string): GuardedProvider;
  readonly all: readonly GuardedProvider[];
}
