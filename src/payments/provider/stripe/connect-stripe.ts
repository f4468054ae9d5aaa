import { AsyncLocalStorage } from 'node:async_hooks';
import Stripe from 'stripe';
import type { Circuit } from '../../../platform/circuit/circuit-breaker';

/** The Stripe account. */
export interface StripeOptions {
  readonly apiKey: string;
  /** The address of `stripe-mock`. Defaults to Stripe's own. */
  readonly apiUrl?: string;
  readonly circuit: Circuit;
}

/** A connection to Stripe behind a circuit breaker. */
export interface StripeConnection {
  /** Runs several requests as one call with one time-out, which aborts the current request. */
  call<T>(work: (stripe: Stripe) => Promise<T>): Promise<T>;
}

/** Connects with Stripe's library. Retries are left to the saga. */
export function connectStripe({ apiKey, apiUrl, circuit }: StripeOptions): StripeConnection {
  // The library takes no signal per request, so its `fetch` reads the signal of the current call.
  const current = new AsyncLocalStorage<AbortSignal>();
  const httpClient = Stripe.createFetchHttpClient((url, init) => {
    const signals = [current.getStore(), init?.signal].filter((signal) => signal instanceof AbortSignal);
    return fetch(url, { ...init, signal: AbortSignal.any(signals) });
  });
  const stripe = new Stripe(apiKey, {
    httpClient,
    maxNetworkRetries: 0,
    telemetry: false,
    ...(apiUrl !== undefined && addressOf(apiUrl)),
  });
  return { call: (work) => circuit.call((signal) => current.run(signal, () => work(stripe).catch(fail))) };
}

/** Hides the details of Stripe's errors, which may contain secrets, from logs and histories. */
function fail(error: unknown): never {
  if (!(error instanceof Stripe.errors.StripeError)) throw error;
  const { type, code = 'no code', requestId = 'none' } = error;
  throw new Error(`Stripe failed: ${type}, ${code} (request ${requestId}).`);
}

function addressOf(apiUrl: string): { host: string; port: string; protocol: 'http' | 'https' } {
  const { hostname, port, protocol } = new URL(apiUrl);
  const isPlain = protocol === 'http:';
  return { host: hostname, port: port || (isPlain ? '80' : '443'), protocol: isPlain ? 'http' : 'https' };
}
