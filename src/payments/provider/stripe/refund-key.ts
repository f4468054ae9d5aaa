import type Stripe from 'stripe';
import { Refusal } from '../../../platform/refusal';
import type { ChargeRequest } from '../payment-provider';
import { cancelOrRefund, refundIntent } from './cancel-or-refund';
import { KEY } from './metadata';
import { openIntent } from './open-intent';

/**
 * Refunds what a key took and prevents late charges of it. Each request is safe to repeat.
 *
 * Stripe forgets an idempotency key after a day or more, and then creates a new intent for it. A charge is tried for only
 * ten minutes, so at most one intent of a key was tried with a card. If the key's intent was not, the charge is the
 * recorded one or is found by a search. The search lags by a minute, during which the key is still known.
 *
 * @returns the refund's id; `null` if the key took nothing
 * @throws Refusal `refund_refused`
 */
export async function refundKey(
  stripe: Stripe,
  request: ChargeRequest,
  charge_ref: string | null | undefined,
): Promise<string | null> {
  const own = await intentOf(stripe, request);
  const paidBack = own ? await cancelOrRefund(stripe, own) : null;
  if (own?.latest_charge) return paidBack;
  if (charge_ref) return refundIntent(stripe, charge_ref);

  let refund_ref: string | null = null;
  for (const intent of await search(stripe, request.key)) {
    if (intent.id !== own?.id) refund_ref = (await cancelOrRefund(stripe, intent)) ?? refund_ref;
  }
  return refund_ref;
}

/** Returns the key's current intent; `undefined` if Stripe refuses to create it and so cannot charge it. */
async function intentOf(stripe: Stripe, request: ChargeRequest): Promise<Stripe.PaymentIntent | undefined> {
  try {
    return await stripe.paymentIntents.retrieve(await openIntent(stripe, request));
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}

async function search(stripe: Stripe, key: string): Promise<readonly Stripe.PaymentIntent[]> {
  const query = `metadata[${JSON.stringify(KEY)}]:${JSON.stringify(key)}`;
  const { data } = await stripe.paymentIntents.search({ query, limit: 100 });
  return data.filter(({ metadata }) => metadata[KEY] === key);
}
