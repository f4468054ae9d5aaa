import type { ChargeRequest, PaymentProvider } from './payment-provider';

type Asked = Pick<ChargeRequest, 'payment_method' | 'amount' | 'currency'>;

/** A provider behind its circuit breaker. */
export interface GuardedProvider extends PaymentProvider {
  /** Whether calls are refused at once, because the last ones failed. */
  isOpen(): boolean;
}

/** The providers in their order: a chain of responsibility, whose first link that can take a charge takes it. */
export interface ProviderChain {
  /** @throws Refusal `payment_method_not_supported` when no link can */
  first(asked: Asked): GuardedProvider;
  /** The first link behind that one which can take the charge, and whose circuit is not open. */
  next(asked: Asked, after: string): GuardedProvider | undefined;
  /** @throws Error when this deployment has no provider of that name */
  named(name: string): GuardedProvider;
  readonly all: readonly GuardedProvider[];
}
