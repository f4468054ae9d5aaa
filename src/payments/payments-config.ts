import { z } from 'zod';
import { httpUrl, integer, isWebhookSecret, namedUrls, trimSlash } from '../platform/config-values';

/** The variables of payment providers, webhooks and the carrier. */
export const paymentsVariables = {
  PAYMENT_PROVIDERS: namedUrls
    .default([])
    .describe(
      'Providers that speak paysaga’s own protocol, as `name=url`, separated by commas, in the order of trial.',
    ),
  STRIPE_API_KEY: z
    .string()
    .regex(/^(sk|rk)_/, 'must be a secret or restricted key (sk_…, rk_…)')
    .optional()
    .describe('Stripe’s secret or restricted key. With it Stripe is a provider, after those of `PAYMENT_PROVIDERS`.'),
  STRIPE_API_URL: httpUrl.optional().describe('Another address of Stripe’s API, such as a mock’s.'),
  STRIPE_WEBHOOK_SECRET: z
    .string()
    .regex(/^whsec_.+$/, 'must begin with whsec_')
    .optional()
    .describe('The secret of Stripe’s webhook endpoint. Without it `POST /webhooks/stripe` does not exist.'),
  PAYMENT_WEBHOOK_SECRET: z
    .string()
    .refine(isWebhookSecret, 'must be whsec_ and at least 24 bytes in base64')
    .optional()
    .describe('The secret of Standard Webhooks. Without it `POST /webhooks/payments` does not exist.'),
  CARRIER_URL: httpUrl.transform(trimSlash).optional().describe('The carrier that ships goods.'),
  PROVIDER_TIMEOUT_MS: integer(100, 4_500)
    .default(3_000)
    .describe('How long one call of a provider or carrier may take.'),
};

type Variables = z.infer<z.ZodObject<typeof paymentsVariables>>;

/** Reports what does not go together. */
export function checkPayments(env: Variables, complain: (name: string, message: string) => void): void {
  const names = env.PAYMENT_PROVIDERS.map(({ name }) => name);
  if (new Set(names).size < names.length) complain('PAYMENT_PROVIDERS', 'names two providers the same');
  if (names.includes('stripe')) complain('PAYMENT_PROVIDERS', 'cannot name one stripe: that is STRIPE_API_KEY');
  if (env.STRIPE_API_URL !== undefined && env.STRIPE_API_KEY === undefined) {
    complain('STRIPE_API_URL', 'needs STRIPE_API_KEY');
  }
}

/** Providers, carrier and webhooks, as their parts of the configuration. */
export const paymentsConfig = (env: Variables) => ({
  payments: {
    providers: env.PAYMENT_PROVIDERS,
    ...(env.STRIPE_API_KEY !== undefined && {
      stripe: {
        apiKey: env.STRIPE_API_KEY,
        ...(env.STRIPE_API_URL !== undefined && { apiUrl: env.STRIPE_API_URL }),
      },
    }),
  },
  carrier: { ...(env.CARRIER_URL !== undefined && { url: env.CARRIER_URL }) },
  providerTimeoutMs: env.PROVIDER_TIMEOUT_MS,
  webhooks: {
    ...(env.PAYMENT_WEBHOOK_SECRET !== undefined && { paymentSecret: env.PAYMENT_WEBHOOK_SECRET }),
    ...(env.STRIPE_WEBHOOK_SECRET !== undefined && { stripeSecret: env.STRIPE_WEBHOOK_SECRET }),
  },
});

type Parts = ReturnType<typeof paymentsConfig>;
/** The configuration of the providers. */
export type PaymentsConfig = Parts['payments'];
/** The secrets of the webhooks. */
export type WebhooksConfig = Parts['webhooks'];
