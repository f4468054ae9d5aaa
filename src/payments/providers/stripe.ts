import type Stripe from 'stripe';
import type { PaymentProvider } from './provider';
import { isUnexpectedState, openIntent, refuse, type StripeConnection, voided } from './stripe-client';
import { chargesSince, refundKey } from './stripe-refunds';
import { toStripe } from './stripe-units';

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

/**
 * Creates a provider that charges cards by payment intents (https://docs.stripe.com/api/payment_intents).
 *
 * An intent is created under the charge's key and then confirmed. A refund creates its intent under the same key, so
 * Stripe returns the same intent to both. No late charge can confirm a cancelled intent. Confirmation, cancellation and
 * refund have no idempotency key: an intent does each once, and Stripe would repeat a stored failure for a day.
 */
export function createStripeProvider(connection: StripeConnection): PaymentProvider {
  return {
    name: 'stripe',
    accepts: ({ payment_method, amount, currency }) =>
      payment_method.startsWith('pm_') && toStripe(amount, currency) !== undefined,
    charge: (request) =>
      connection.call(async (stripe) => {
        const id = await openIntent(stripe, request);
        return { charge_ref: await confirmIntent(stripe, id, request.payment_method) };
      }),
    refund: (request, charge_ref) =>
      connection.call(async (stripe) => ({ refund_ref: await refundKey(stripe, request, charge_ref) })),
    charges: (since) => chargesSince(connection, since),
  };
}
