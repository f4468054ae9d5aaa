import type { Circuit } from '../../platform/circuit-breaker';
import { Refusal } from '../../platform/refusal';
import type { PaymentsConfig } from '../payments-config';
import { createHttpProvider } from './http-provider';
import type { GuardedProvider, PaymentProvider, ProviderChain } from './provider';
import { createStripeProvider } from './stripe';
import { connectStripe } from './stripe-client';

/** What the providers need. */
export interface ProviderChainOptions {
  readonly config: PaymentsConfig;
  /** Creates a circuit breaker with this name. */
  readonly addCircuit: (name: string) => Circuit;
}

/** Creates the configured providers in their order, Stripe last, each with a circuit breaker. */
export function createProviderChain({ config, addCircuit }: ProviderChainOptions): ProviderChain {
  const guard = (name: string, connect: (circuit: Circuit) => PaymentProvider): GuardedProvider => {
    const circuit = addCircuit(`payment_provider/${name}`);
    return { ...connect(circuit), isOpen: () => circuit.isOpen() };
  };
  const { providers, stripe } = config;
  return chainOf([
    ...providers.map(({ name, url }) => guard(name, (circuit) => createHttpProvider({ name, url, circuit }))),
    ...(stripe ? [guard('stripe', (circuit) => createStripeProvider(connectStripe({ ...stripe, circuit })))] : []),
  ]);
}

/** Creates a chain of these providers in this order. */
export function chainOf(all: readonly GuardedProvider[]): ProviderChain {
  return {
    all,
    first(request) {
      const provider = all.find((one) => one.accepts(request));
      if (provider) return provider;
      throw new Refusal(
        'payment_method_not_supported',
        `No payment provider accepts ${request.amount} ${request.currency} by ${request.payment_method}.`,
      );
    },
    next(request, after) {
      const behind = all.slice(all.findIndex(({ name }) => name === after) + 1);
      return behind.find((one) => one.accepts(request) && !one.isOpen());
    },
    named(name) {
      const provider = all.find((one) => one.name === name);
      if (provider) return provider;
      throw new Error(`This deployment has no payment provider named ${name} (PAYMENT_PROVIDERS, STRIPE_API_KEY).`);
    },
  };
}
