import Stripe from 'stripe';
import { Refusal } from '../../../platform/refusal';

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
