import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import Stripe from 'stripe';
import { createRouter } from '../http/api-route';
import type { HttpEnv } from '../http/problem';
import { Refusal } from '../platform/refusal';
import { createAcceptNotification, ignored, takeSigned, webhookResponses } from './accept-notice';
import { paymentNotification, type PaymentRouteDeps } from './accept-payment';
import { fromStripe, KEY } from './providers/stripe-units';

/** A delivery of Stripe's webhook. */
export interface StripeDelivery {
  /** The unchanged bytes, which are signed. */
  readonly body: Buffer;
  /** The header `Stripe-Signature`. */
  readonly signature: string;
  /** The endpoint's secret (`whsec_…`). */
  readonly secret: string;
}

/** Older deliveries are refused as replays. */
const WINDOW_SECONDS = 300;

/** The fields of a successful intent that are read. */
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
 * Reads a payment from Stripe's webhook (https://docs.stripe.com/webhooks). The intent's metadata must have `order_id`,
 * `invoice_id` and `customer_id`. `payment_id` defaults to the intent's id.
 *
 * @returns `null` for other events, intents without an order, and intents that a saga charged
 * @throws Refusal `invalid_signature`; `malformed_json`; `validation_failed` for an order's intent with missing metadata
 */
export function readStripeNotification(delivery: StripeDelivery): z.output<typeof paymentNotification> | null {
  verify(delivery);
  const event = paidIntent.safeParse(parse(delivery.body));
  if (!event.success) return null;
  const { id, amount_received, currency, metadata } = event.data.data.object;
  const fields = new Map(Object.entries(metadata));
  if (fields.has(KEY) || !fields.has('order_id')) return null;
  const parsed = paymentNotification.safeParse({
    order_id: fields.get('order_id'),
    invoice_id: fields.get('invoice_id'),
    customer_id: fields.get('customer_id'),
    payment_id: fields.get('payment_id') ?? id,
    amount: fromStripe(amount_received, currency),
    currency,
  });
  if (parsed.success) return parsed.data;
  const named = parsed.error.issues.map(({ path }) => path.join('.')).join(', ');
  throw new Refusal(
    'validation_failed',
    `The intent's metadata does not describe the order's payment. Check ${named}.`,
  );
}

const { signature: verifier } = Stripe.webhooks;

/** Refuses on every error of the library, which also fails for an empty or non-ASCII signature. */
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

const signed = z.object({
  'stripe-signature': z.string().optional().openapi({ description: 'https://docs.stripe.com/webhooks' }),
});

/**
 * Creates the webhook for Stripe's `payment_intent.succeeded` with the order's ids in its metadata. Every other event is
 * received and ignored.
 *
 * @param secret the secret of Stripe's endpoint (`whsec_…`)
 */
export function createStripeWebhook(deps: PaymentRouteDeps, secret: string): OpenAPIHono<HttpEnv> {
  const accept = createAcceptNotification(deps, 'stripe');
  return createRouter().openapi(
    createRoute({
      method: 'post',
      path: '/webhooks/stripe',
      tags: ['payments'],
      operationId: 'receiveStripeWebhook',
      security: [],
      summary: 'Receive a payment from Stripe and begin its saga, once per payment',
      middleware: [...takeSigned('stripe-signature')] as const,
      request: {
        headers: signed,
        body: { required: true, description: 'A Stripe event, unchanged', content: { 'application/json': {} } },
      },
      responses: webhookResponses,
    }),
    async (c) => {
      const body = Buffer.from(await c.req.arrayBuffer());
      const notification = readStripeNotification({ body, signature: c.req.header('stripe-signature') ?? '', secret });
      return notification ? accept(c, notification) : ignored(c);
    },
  );
}
