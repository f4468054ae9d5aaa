import type { OpenAPIHono } from '@hono/zod-openapi';
import type { WebhooksConfig } from '../../payments-config';
import type { HttpEnv } from '../../http/http-env';
import { createRouter } from '../../http/router';
import type { PaymentRouteDeps } from '../routes';
import { createStandardWebhook } from './standard-webhook';
import { createStripeWebhook } from './stripe-webhook';

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
