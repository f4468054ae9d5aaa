import type Stripe from 'stripe';
import type { ChargeRequest } from '../payment-provider';
import { KEY } from './metadata';
import { declined, refuse } from './stripe-errors';
import { toStripe } from './stripe-units';

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
