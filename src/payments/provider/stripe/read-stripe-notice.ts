import Stripe from 'stripe';
import { z } from 'zod';
import { Refusal } from '../../../platform/refusal';
import { paymentNotice } from '../../accept-payment';
import { KEY } from './metadata';
import { fromStripe } from './stripe-units';

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

/** An intent that took money for an order, as far as it is read. */
const paidIntent = z.object({
  type: z.literal('payment_intent.succeeded'),
  data: z.object({
    object: z.object({
      id: z.string(),
      amount_received: z.int(),
      currency: z.string().toUpperCase(),
      metadata: z.record(z.string(), z.string()),
    }),
  }),
});

/**
 * What a webhook of Stripe tells of a payment, as our own webhook would: of an intent that succeeded and whose metadata
 * has `order_id`, `invoice_id` and `customer_id`; `payment_id` is the metadata's, or the intent's id
 * (https://docs.stripe.com/webhooks).
 *
 * @returns `null` for what is not for us: other events, intents without an order, and those that a saga charged
 * @throws Refusal `invalid_signature`; `malformed_json`; `validation_failed` for an order's intent that lacks the rest
 */
export function readStripeNotice(delivery: StripeDelivery): z.output<typeof paymentNotice> | null {
  verify(delivery);
  const event = paidIntent.safeParse(parse(delivery.body));
  if (!event.success) return null;
  const { id, amount_received, currency, metadata } = event.data.data.object;
  const told = new Map(Object.entries(metadata));
  if (told.has(KEY) || !told.has('order_id')) return null;
  const parsed = paymentNotice.safeParse({
    order_id: told.get('order_id'),
    invoice_id: told.get('invoice_id'),
    customer_id: told.get('customer_id'),
    payment_id: told.get('payment_id') ?? id,
    amount: fromStripe(amount_received, currency),
    currency,
  });
  if (parsed.success) return parsed.data;
  const named = parsed.error.issues.map(({ path }) => path.join('.')).join(', ');
  throw new Refusal('validation_failed', `The intent's metadata has to name the order's payment; see ${named}.`);
}

const { signature: verifier } = Stripe.webhooks;

/** Whatever the library fails at is the header's fault: an empty signature, or one that is not ASCII, it did not expect. */
function verify({ body, signature, secret }: StripeDelivery): void {
  if (!verifier) throw new Error('Stripe’s library cannot verify signatures.');
  try {
    verifier.verifyHeader(body, signature, secret, WINDOW_SECONDS);
  } catch {
    throw new Refusal('invalid_signature', "Stripe's signature does not fit the body, or is older than 5 minutes.");
  }
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    throw new Refusal('malformed_json', 'The body is not well-formed JSON (RFC 8259).');
  }
}
