import Stripe from 'stripe';
import type { z } from 'zod';
import { Refusal } from '../../../platform/refusal';
import { paymentNotice } from '../../accept-payment';
import { KEY } from './metadata';

export interface StripeDelivery {
  /** The bytes as they came: the signature is of them. */
  readonly body: Buffer;
  /** The header `Stripe-Signature`. */
  readonly signature: string;
  /** Of the endpoint (`whsec_…`). */
  readonly secret: string;
}

/** Older deliveries are taken for replays. */
const WINDOW_SECONDS = 300;

/**
 * What a webhook of Stripe tells of a payment, as our own webhook would: of an intent that succeeded and whose metadata
 * has `order_id`, `invoice_id` and `customer_id`; `payment_id` is the metadata's, or the intent's id
 * (https://docs.stripe.com/webhooks).
 *
 * @returns `null` for what is not for us: other events, intents without an order, and those that a saga charged
 * @throws Refusal `invalid_signature`; `validation_failed` for an order's intent that lacks the rest
 */
export function readStripeNotice(delivery: StripeDelivery): z.output<typeof paymentNotice> | null {
  const event = verify(delivery);
  if (event.type !== 'payment_intent.succeeded') return null;
  const { id, amount_received, currency, metadata } = event.data.object;
  if (metadata[KEY] !== undefined || metadata.order_id === undefined) return null;
  const { order_id, invoice_id, customer_id, payment_id = id } = metadata;
  const notice = { order_id, invoice_id, customer_id, payment_id, amount: amount_received };
  const parsed = paymentNotice.safeParse({ ...notice, currency: currency.toUpperCase() });
  if (parsed.success) return parsed.data;
  const named = parsed.error.issues.map(({ path }) => path.join('.')).join(', ');
  throw new Refusal('validation_failed', `The intent's metadata has to name the order's payment; see ${named}.`);
}

function verify({ body, signature, secret }: StripeDelivery): Stripe.Event {
  try {
    return Stripe.webhooks.constructEvent(body, signature, secret, WINDOW_SECONDS);
  } catch (error) {
    if (!(error instanceof Stripe.errors.StripeSignatureVerificationError)) throw error;
    throw new Refusal('invalid_signature', "Stripe's signature does not fit the body, or is older than 5 minutes.");
  }
}
