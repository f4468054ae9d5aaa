import Stripe from 'stripe';
import { Refusal } from '../../../platform/refusal';

/** Stripe's own word for an error, e.g. `charge_already_refunded` (https://docs.stripe.com/error-codes). */
export const codeOf = (error: unknown): string | undefined =>
  error instanceof Stripe.errors.StripeError ? error.code : undefined;

/** The intent is already past what was asked of it. */
export const isUnexpectedState = (error: unknown): boolean => codeOf(error) === 'payment_intent_unexpected_state';

export const voided = (): Refusal =>
  new Refusal('charge_voided', 'The charge was refunded or barred before; nothing is taken any more.');

const AMOUNTS: ReadonlySet<string | undefined> = new Set(['amount_too_small', 'amount_too_large']);

/**
 * Throws on, and what the card or Stripe refuses for good as a {@link Refusal}. A refusal does not depend on when one
 * asks: what may go well next time stays an error.
 */
export function refuse(error: unknown): never {
  const { errors } = Stripe;
  if (error instanceof errors.StripeCardError) {
    if (error.decline_code === 'insufficient_funds') {
      throw new Refusal('insufficient_funds', 'The payment method does not cover the amount; take another one.');
    }
    throw declined('the card was declined');
  }
  if (error instanceof errors.StripeInvalidRequestError) {
    if (error.param === 'payment_method') throw declined('it has no such payment method, or not for this');
    if (error.param === 'currency') throw declined('it does not charge this currency');
    if (AMOUNTS.has(error.code)) throw declined('it does not charge this amount');
  }
  throw error;
}

export const declined = (why: string): Refusal =>
  new Refusal('payment_declined', `The payment provider declined the charge: ${why}.`);
