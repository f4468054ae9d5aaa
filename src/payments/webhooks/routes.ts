import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import { json, jsonBody, problems, sendOptions } from '../../http/api-route';
import type { HttpEnv } from '../../http/http-env';
import { createRouter } from '../../http/router';
import { verifySignature } from '../../http/verify-signature';
import type { Principal } from '../../mediator/message';
import { Refusal } from '../../platform/refusal';
import { acceptPayment, paymentNotice } from '../accept-payment';
import type { PaymentRouteDeps } from '../routes';

const CAPTURED = 'payment.captured';
const PATH = '/webhooks/payments';

const webhook = z.object({ type: z.literal(CAPTURED), data: paymentNotice }).openapi('PaymentWebhook');
const received = z
  .object({
    status: z.enum(['pending', 'ignored']).openapi({ description: '`ignored`: a type that says nothing to paysaga' }),
    saga_id: z.string().optional(),
  })
  .openapi('WebhookReceived');

const signed = z.object({
  'webhook-id': z.string(),
  'webhook-timestamp': z.string().openapi({ description: 'Seconds since 1970; at most 5 minutes from now.' }),
  'webhook-signature': z.string().openapi({ example: 'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=' }),
});

/** Who sends what the signature vouches for. */
const sender: Principal = { role: 'service', keyId: 'webhook/payments' };

/** A sender may tell of more than payments: what is not for us is received, and read no further. */
const ignoreOtherTypes = createMiddleware<HttpEnv>(async function ignoreOtherTypes(c, next) {
  const type = await typeOf(c);
  if (typeof type !== 'string' || type === CAPTURED) return next();
  return c.json({ status: 'ignored' as const }, 202);
});

/** Of a body that is no JSON, or no object, the validation says what is wrong. */
async function typeOf(c: Context): Promise<unknown> {
  const body: unknown = await c.req.json().catch(() => undefined);
  return typeof body === 'object' && body !== null && 'type' in body ? body.type : undefined;
}

export interface WebhookRouteDeps extends PaymentRouteDeps {
  /** Shared with who sends (`whsec_…`). Without it the route does not exist: it could tell nobody from anybody. */
  readonly paymentSecret?: string | undefined;
}

/**
 * Payments told by webhook: the same command as close-after-payment, answered as soon as it is kept. A sender
 * repeats what it got no 2xx for, and a repeat does nothing twice: the key is the payment, not the webhook's id.
 */
export function createWebhookRoutes({ mediator, sagas, faults, paymentSecret }: WebhookRouteDeps) {
  const routes: OpenAPIHono<HttpEnv> = createRouter();
  if (paymentSecret === undefined) return routes;

  routes.openapi(
    createRoute({
      method: 'post',
      path: PATH,
      tags: ['payments'],
      summary: 'Told by Standard Webhooks that an invoice was paid: begins the payment saga once per payment_id',
      middleware: [verifySignature(paymentSecret), ignoreOtherTypes] as const,
      request: { headers: signed, body: jsonBody(webhook) },
      responses: {
        202: json(received, 'Kept for certain, also when it was before: look at Location'),
        ...problems(400, 401, 404, 409, 413, 415, 422, 503),
      },
    }),
    async (c) => {
      const { data } = c.req.valid('json');
      const accepted = await mediator.send(acceptPayment(data), { ...sendOptions(c), principal: sender });
      await faults.pass('payments.after_commit');
      if (accepted.state === 'refused') throw new Refusal(accepted.code, accepted.detail);
      const { saga_id } = accepted;
      if (accepted.state === 'running') await sagas.start({ saga_id, type: 'payment', input: accepted.input });
      return c.json({ status: 'pending' as const, saga_id }, 202, { Location: `/sagas/${saga_id}` });
    },
  );
  return routes;
}
