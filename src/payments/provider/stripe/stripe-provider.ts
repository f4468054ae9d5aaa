import type { PaymentProvider } from '../payment-provider';
import type { StripeConnection } from './connect-stripe';
import { confirmIntent } from './confirm-intent';
import { chargesSince } from './list-charges';
import { openIntent } from './open-intent';
import { refundKey } from './refund-key';
import { toStripe } from './stripe-units';

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
