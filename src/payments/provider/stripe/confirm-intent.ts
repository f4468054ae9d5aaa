import type Stripe from 'stripe';
import { isUnexpectedState, refuse, voided } from './stripe-errors';

/**
 * Confirms an intent, which takes its money. Safe to repeat.
 *
 * @returns the charge's reference: the intent's id
 * @throws Refusal `payment_declined`, `insufficient_funds`, `charge_voided`
 */
export async function confirmIntent(stripe: Stripe, id: string, payment_method: string): Promise<string> {
  const confirmed = await stripe.paymentIntents
    // No customer is present to authenticate, so such a card is declined.
    .confirm(id, { payment_method, error_on_requires_action: true })
    .catch((error: unknown) => (isUnexpectedState(error) ? undefined : refuse(error)));
  if (confirmed?.status === 'succeeded') return id;

  const intent = await stripe.paymentIntents.retrieve(id, { expand: ['latest_charge'] });
  const { status, latest_charge: charge } = intent;
  if (status === 'canceled') throw voided();
  if (status !== 'succeeded') throw new Error(`Stripe has not taken the money yet: the intent is ${status}.`);
  if (charge !== null && typeof charge === 'object' && charge.amount_refunded > 0) throw voided();
  return id;
}
