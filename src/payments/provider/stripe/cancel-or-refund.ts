import type Stripe from 'stripe';
import { Refusal } from '../../../platform/refusal';
import { codeOf } from './stripe-errors';

/**
 * Cancels an intent, or refunds what it took.
 *
 * @returns the refund's id; `null` if nothing was taken
 * @throws Refusal `refund_refused`
 */
export async function cancelOrRefund(stripe: Stripe, { id, status }: Stripe.PaymentIntent): Promise<string | null> {
  if (status === 'canceled') return null;
  if (status === 'succeeded') return refundIntent(stripe, id);
  // The intent may succeed meanwhile. Then Stripe refuses, and the next attempt refunds it.
  await stripe.paymentIntents.cancel(id);
  return null;
}

/**
 * Refunds an intent that took money. Safe to repeat.
 *
 * @returns the refund's id
 * @throws Refusal `refund_refused`
 */
export async function refundIntent(stripe: Stripe, id: string): Promise<string> {
  try {
    const { id: refund_ref, status } = await stripe.refunds.create({ payment_intent: id });
    if (isAccepted(status)) return refund_ref;
    throw refused(`its refund is ${status}`);
  } catch (error) {
    switch (codeOf(error)) {
      case 'charge_already_refunded':
        return refundOf(stripe, id);
      case 'charge_disputed':
        throw refused('its holder disputes it');
      case 'resource_missing':
        throw refused('the configured account does not have it');
      default:
        throw error;
    }
  }
}

async function refundOf(stripe: Stripe, id: string): Promise<string> {
  const { data } = await stripe.refunds.list({ payment_intent: id, limit: 100 });
  // Newest first. The oldest refund is ours, unless an operator refunded a part before.
  const found = data.findLast(({ status }) => isAccepted(status));
  if (found) return found.id;
  throw refused('it is refunded, but no refund succeeded');
}

const isAccepted = (status: string | null): boolean => status !== 'failed' && status !== 'canceled';

const refused = (why: string): Refusal =>
  new Refusal('refund_refused', `The payment provider does not refund this charge: ${why}.`);
