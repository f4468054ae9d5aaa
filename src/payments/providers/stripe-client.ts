import { AsyncLocalStorage } from 'node:async_hooks';
import Stripe from 'stripe';
import type { Circuit } from '../../platform/circuit-breaker';
import { Refusal } from '../../platform/refusal';
import type { ChargeRequest } from './provider';
import { KEY, toStripe } from './stripe-units';

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

/** Returns Stripe's error code, such as `charge_already_refunded` (https://docs.stripe.com/error-codes). */
export const codeOf = (error: unknown): string | undefined =>
  error instanceof Stripe.errors.StripeError ? error.code : undefined;

/** Whether the intent is already in a later state. */
export const isUnexpectedState = (error: unknown): boolean => codeOf(error) === 'payment_intent_unexpected_state';

/** The refusal of a charge that was cancelled or refunded. */
export const voided = (): Refusal =>
  new Refusal('charge_voided', 'The charge was refunded or cancelled before. Nothing will be charged.');

const AMOUNTS: ReadonlySet<string | undefined> = new Set(['amount_too_small', 'amount_too_large']);

/**
 * Throws a final refusal of the card or of Stripe as a {@link Refusal}, and rethrows every other error. An error that may
 * pass later is not a refusal.
 */
export function refuse(error: unknown): never {
  const { errors } = Stripe;
  if (error instanceof errors.StripeCardError) {
    if (error.decline_code === 'insufficient_funds') {
      throw new Refusal(
        'insufficient_funds',
        'The payment method does not cover the amount. Use another payment method.',
      );
    }
    throw declined('the card was declined');
  }
  if (error instanceof errors.StripeInvalidRequestError) {
    if (error.param === 'payment_method')
      throw declined('it does not know this payment method, or not for this charge');
    if (error.param === 'currency') throw declined('it does not charge this currency');
    if (AMOUNTS.has(error.code)) throw declined('it does not charge this amount');
  }
  throw error;
}

/** The refusal of a declined charge. */
export const declined = (why: string): Refusal =>
  new Refusal('payment_declined', `The payment provider declined the charge: ${why}.`);

/**
 * Creates the intent of a key and returns its id. It has no payment method, so a refund creates the same intent. Stripe
 * answers a repeat with the intent as it was created.
 *
 * @throws Refusal `payment_declined` for an amount or a currency that Stripe never charges
 */
export async function openIntent(stripe: Stripe, request: ChargeRequest): Promise<string> {
  const { key, payment_id, order_id, customer_id, currency } = request;
  const amount = toStripe(request.amount, currency);
  if (amount === undefined) throw declined('it does not support this amount in this currency');
  const { id } = await stripe.paymentIntents
    .create(
      {
        amount,
        currency: currency.toLowerCase(),
        allowed_payment_method_types: ['card'],
        metadata: { [KEY]: key, payment_id, order_id, customer_id },
      },
      // Other users of the account have their own keys.
      { idempotencyKey: `paysaga/${key}` },
    )
    .catch(refuse);
  return id;
}
