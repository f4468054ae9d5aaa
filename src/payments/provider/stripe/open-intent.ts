import type Stripe from 'stripe';
import type { ChargeRequest } from '../payment-provider';
import { KEY } from './metadata';
import { declined, refuse } from './stripe-errors';
import { toStripe } from './stripe-units';

/**
 * The intent of the key, without a payment method, so that a refund makes the very same one. The answer to a repeat
 * tells how the intent was when it was made.
 *
 * @throws Refusal `payment_declined` for an amount or a currency that Stripe never charges
 */
export async function openIntent(stripe: Stripe, request: ChargeRequest): Promise<string> {
  const { key, payment_id, order_id, customer_id, currency } = request;
  const amount = toStripe(request.amount, currency);
  if (amount === undefined) throw declined('it has no such amount of this currency');
  const { id } = await stripe.paymentIntents
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
  return id;
}
