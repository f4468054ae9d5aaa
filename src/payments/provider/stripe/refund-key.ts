import type Stripe from 'stripe';
import { Refusal } from '../../../platform/refusal';
import type { ChargeRequest } from '../payment-provider';
import { cancelOrRefund, refundIntent } from './cancel-or-refund';
import { KEY } from './metadata';
import { openIntent } from './open-intent';

/**
 * Bars the key, and pays back what it took. Each request is safe to repeat, and a repeat has less to do.
 *
 * Stripe forgets an idempotency key after a day or more. The intent that the key gives then is a new one, also at every
 * attempt that follows, and the money is with another. A charge is tried for ten minutes: so an intent that a card was
 * tried with is the only such one of its key, and where there is none, the charge is the one that is known, or found by
 * a search. The search lags by a minute, for which the key still holds.
 *
 * @returns the refund's id, `null` when the key had taken nothing
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

/** As it is now. `undefined` where Stripe refuses to make one: then nothing can be taken by it. */
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
