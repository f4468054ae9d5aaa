import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import { createRouter, jsonBody } from '../http/api-route';
import { verifySignature } from '../http/middleware';
import type { HttpEnv } from '../http/problem';
import { createAcceptNotification, ignored, takeSigned, webhookResponses } from './accept-notice';
import { paymentExample, paymentNotification, type PaymentRouteDeps } from './accept-payment';
import type { WebhooksConfig } from './payments-config';
import { createStripeWebhook } from './stripe-webhook';

const CAPTURED = 'payment.captured';

/** Ignores unknown fields, because a sender may add some. */
const captured = z.object(paymentNotification.shape);
const webhook = z.object({ type: z.literal(CAPTURED), data: captured }).openapi('PaymentWebhook', {
  type: 'object',
  properties: { type: { type: 'string', example: CAPTURED } },
  required: ['type'],
  anyOf: [
    {
      properties: { type: { const: CAPTURED }, data: { $ref: '#/components/schemas/CapturedPayment' } },
      required: ['data'],
    },
    {
      description: 'Another event, which is received and ignored.',
      properties: { type: { not: { const: CAPTURED } } },
    },
  ],
});

const signed = z.object({
  'webhook-id': z.string(),
  'webhook-timestamp': z.string().openapi({ description: 'Seconds since 1970; at most 5 minutes from now.' }),
  'webhook-signature': z.string().openapi({ example: 'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=' }),
});

/** Receives other event types without reading them, because a sender may send more than payments. */
const ignoreOtherTypes = createMiddleware<HttpEnv>(async function ignoreOtherTypes(c, next) {
  const type = await typeOf(c);
  if (typeof type !== 'string' || type === CAPTURED) return next();
  return ignored(c);
});

/** Returns the event type; `undefined` for an invalid body, which the validation reports. */
async function typeOf(c: Context): Promise<unknown> {
  const body: unknown = await c.req.json().catch(() => undefined);
  return typeof body === 'object' && body !== null && 'type' in body ? body.type : undefined;
}

/** Creates the webhook for payments by Standard Webhooks. @param secret shared with the sender (`whsec_…`) */
export function createStandardWebhook(deps: PaymentRouteDeps, secret: string): OpenAPIHono<HttpEnv> {
  const accept = createAcceptNotification(deps, 'payments');
  const routes = createRouter();
  routes.openAPIRegistry.register('CapturedPayment', captured);
  return routes.openapi(
    createRoute({
      method: 'post',
      path: '/webhooks/payments',
      tags: ['payments'],
      operationId: 'receivePaymentWebhook',
      security: [],
      summary: 'Receive a payment by Standard Webhooks and begin its saga, once per payment_id',
      middleware: [...takeSigned('webhook-signature'), verifySignature(secret), ignoreOtherTypes] as const,
      request: { headers: signed, body: jsonBody(webhook, { type: CAPTURED, data: paymentExample }) },
      responses: webhookResponses,
    }),
    (c) => accept(c, c.req.valid('json').data),
  );
}

/** What the webhooks need. */
export interface WebhookRouteDeps extends PaymentRouteDeps {
  /** A webhook whose secret is not here has no route. */
  readonly webhooks: WebhooksConfig;
}

/** Creates the webhooks. A webhook without a secret has no route, because it could not verify its sender. */
export function createWebhookRoutes({ webhooks, ...deps }: WebhookRouteDeps): OpenAPIHono<HttpEnv> {
  const { paymentSecret, stripeSecret } = webhooks;
  const routes = createRouter();
  if (paymentSecret !== undefined) routes.route('/', createStandardWebhook(deps, paymentSecret));
  if (stripeSecret !== undefined) routes.route('/', createStripeWebhook(deps, stripeSecret));
  return routes;
}
