import type Stripe from 'stripe';
import type { ChargeRequest, PaymentProvider } from '../payment-provider';
import type { StripeConnection } from './connect-stripe';
import { cancelOrRefund } from './cancel-or-refund';
import { confirmIntent } from './confirm-intent';
import { chargesSince } from './list-charges';
import { KEY } from './metadata';
import { refuse } from './stripe-errors';

/**
 * Where Stripe's smallest unit is not ISO 4217's minor unit, or not every amount can be charged
 * (https://docs.stripe.com/currencies#special-cases).
 */
const OTHER_UNITS: ReadonlySet<string> = new Set(['ISK', 'UGX', 'MGA', 'BHD', 'JOD', 'KWD', 'OMR', 'TND']);

/**
 * Charges cards by payment intents (https://docs.stripe.com/api/payment_intents).
 *
 * An intent is made under the charge's key and confirmed afterwards. A refund makes "its" intent under the same key:
 * Stripe answers the same one, whoever came first. Once that is cancelled, no late charge can confirm it. Confirming,
 * cancelling and refunding carry no idempotency key: an intent does each once, and Stripe would repeat a stored
 * failure for a day.
 */
export function createStripeProvider(connection: StripeConnection): PaymentProvider {
  return {
    name: 'stripe',
    accepts: ({ payment_method, currency }) => payment_method.startsWith('pm_') && !OTHER_UNITS.has(currency),
    charge: (request) =>
      connection.call(async (stripe) => {
        const { id } = await openIntent(stripe, request);
        return { charge_ref: await confirmIntent(stripe, id, request.payment_method) };
      }),
    refund: (request) =>
      connection.call(async (stripe) => {
        let refund_ref: string | null = null;
        for (const id of await intentsOf(stripe, request)) {
          refund_ref = (await cancelOrRefund(stripe, id)) ?? refund_ref;
        }
        return { refund_ref };
      }),
    charges: (since) => chargesSince(connection, since),
  };
}

/** The intent of the key, without a payment method, so that a refund makes the very same one. */
function openIntent(stripe: Stripe, request: ChargeRequest): Promise<Stripe.Response<Stripe.PaymentIntent>> {
  const { key, payment_id, order_id, customer_id, amount, currency } = request;
  return stripe.paymentIntents
    .create(
      {
        amount,
        currency: currency.toLowerCase(),
        allowed_payment_method_types: ['card'],
        metadata: { [KEY]: key, payment_id, order_id, customer_id },
      },
      // The account may have other users, with keys of theirs.
      { idempotencyKey: `paysaga/${key}` },
    )
    .catch(refuse);
}

/**
 * Stripe forgets an idempotency key after a day or more, and makes a new intent then. So where it did, those of the
 * key are looked for as well; its search lags by a minute, for which the key still holds.
 */
async function intentsOf(stripe: Stripe, request: ChargeRequest): Promise<string[]> {
  const intent = await openIntent(stripe, request);
  if (intent.lastResponse.headers['idempotent-replayed'] === 'true') return [intent.id];
  const query = `metadata[${JSON.stringify(KEY)}]:${JSON.stringify(request.key)}`;
  const { data } = await stripe.paymentIntents.search({ query, limit: 100 });
  const found = data.filter(({ metadata }) => metadata[KEY] === request.key);
  return [...new Set([intent.id, ...found.map(({ id }) => id)])];
}
