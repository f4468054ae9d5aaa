import type { ChargeRequest, PaymentProvider } from './payment-provider';

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
