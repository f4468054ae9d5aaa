import { AsyncLocalStorage } from 'node:async_hooks';
import Stripe from 'stripe';
import type { Circuit } from '../../../platform/circuit/circuit-breaker';

export interface StripeOptions {
  readonly apiKey: string;
  /** Another address than Stripe's own, for `stripe-mock`. */
  readonly apiUrl?: string;
  readonly circuit: Circuit;
}

export interface StripeConnection {
  /** Some requests as one call: one time-out for all of them together, and it aborts the one under way. */
  call<T>(work: (stripe: Stripe) => Promise<T>): Promise<T>;
}

/** Stripe's own library, without retries of its own: those are the saga's. */
export function connectStripe({ apiKey, apiUrl, circuit }: StripeOptions): StripeConnection {
  // The library takes no signal with a request: its `fetch` finds the one of the call that it is made in.
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

/** Stripe's errors carry whole intents, with secrets of theirs: nothing of that goes on into logs and histories. */
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
