import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { HttpEnv } from '../../http/http-env';
import { createRouter } from '../../http/router';
import { readStripeNotice } from '../provider/stripe/read-stripe-notice';
import type { PaymentRouteDeps } from '../routes';
import { createAcceptNotice, ignored, webhookResponses } from './accept-notice';
import { takeSigned } from './take-signed';

const signed = z.object({
  'stripe-signature': z.string().optional().openapi({ description: 'https://docs.stripe.com/webhooks' }),
});

/**
 * Payments told by Stripe: `payment_intent.succeeded` with the order's ids in its metadata. Every other event
 * is received and ignored, so that one endpoint may be told all. @param secret of Stripe's endpoint (`whsec_…`)
 */
export function createStripeWebhook(deps: PaymentRouteDeps, secret: string): OpenAPIHono<HttpEnv> {
  const accept = createAcceptNotice(deps, 'stripe');
  return createRouter().openapi(
    createRoute({
      method: 'post',
      path: '/webhooks/stripe',
      tags: ['payments'],
      operationId: 'receiveStripeWebhook',
      security: [],
      summary: 'Receive a payment from Stripe: begins the payment saga once per payment',
      middleware: [...takeSigned('stripe-signature')] as const,
      request: {
        headers: signed,
        body: { required: true, description: 'An event of Stripe’s, as it comes', content: { 'application/json': {} } },
      },
      responses: webhookResponses,
    }),
    async (c) => {
      const body = Buffer.from(await c.req.arrayBuffer());
      const notice = readStripeNotice({ body, signature: c.req.header('stripe-signature') ?? '', secret });
      return notice ? accept(c, notice) : ignored(c);
    },
  );
}
