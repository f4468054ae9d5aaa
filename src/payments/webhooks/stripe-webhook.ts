import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { HttpEnv } from '../../http/http-env';
import { createRouter } from '../../http/router';
import { readStripeNotification } from '../provider/stripe/read-stripe-notice';
import type { PaymentRouteDeps } from '../routes';
import { createAcceptNotification, ignored, webhookResponses } from './accept-notice';
import { takeSigned } from './take-signed';

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
