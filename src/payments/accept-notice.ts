import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import { BODY_REFUSALS, FAULTS, located, problems, sendOptions } from '../http/api-route';
import { limitBody } from '../http/middleware';
import type { HttpEnv } from '../http/problem';
import { Refusal } from '../platform/refusal';
import { acceptPayment, type paymentNotification, type PaymentRouteDeps } from './accept-payment';

const received = z
  .object({
    status: z.enum(['pending', 'refused', 'ignored']).openapi({
      description: '`refused` is final and recorded with the payment. An `ignored` event is not for paysaga.',
    }),
    saga_id: z.string().optional(),
    code: z.string().optional().openapi({ description: 'The refusal’s code, as in close-after-payment.' }),
    detail: z.string().optional(),
  })
  .openapi('WebhookReceived');

/** The responses of every payment webhook. */
export const webhookResponses = {
  202: located(received, 'Stored, now or before, or refused for good. See status and Location', false),
  ...problems(
    ...BODY_REFUSALS,
    'invalid_signature',
    'validation_failed',
    'order_not_found',
    'invoice_not_found',
    'saga_compensated',
    ...FAULTS,
  ),
};

/** The response to an event that is not for paysaga. */
export const ignored = (c: Context<HttpEnv>) => c.json({ status: 'ignored' as const }, 202);

/**
 * Creates a handler that sends the command of close-after-payment and responds as soon as the payment is stored. Senders
 * repeat events without a 2xx response. So a final refusal is a 202, and a refusal that may pass later is an error.
 * Repeats are safe, because the payment id is the key.
 *
 * @param webhook the webhook's name, for the audit
 */
export const createAcceptNotification = ({ mediator, sagas, faults }: PaymentRouteDeps, webhook: string) =>
  async function acceptNotification(c: Context<HttpEnv>, notification: z.output<typeof paymentNotification>) {
    const principal = { role: 'service', keyId: `webhook/${webhook}` } as const;
    const accepted = await mediator.send(acceptPayment(notification), { ...sendOptions(c), principal });
    await faults.pass('payments.after_commit');
    if (accepted.state === 'refused') {
      const { code, detail } = accepted;
      return c.json({ status: 'refused' as const, code, detail }, 202);
    }
    const { saga_id } = accepted;
    if (accepted.state === 'running') await sagas.start({ saga_id, type: 'payment', input: accepted.input });
    return c.json({ status: 'pending' as const, saga_id }, 202, { Location: `/sagas/${saga_id}` });
  };

/** Larger than for other routes, because senders may send long events. */
const LIMIT_BYTES = 1024 * 1024;

/** Refuses a request without the signature header or with a body over 1 MiB, before the body is read. */
export const takeSigned = (header: string) =>
  [
    createMiddleware<HttpEnv>(async function requireSignature(c, next) {
      if (c.req.header(header)) return next();
      throw new Refusal('invalid_signature', `Sign the body, and send the signature as ${header}.`);
    }),
    limitBody(LIMIT_BYTES),
  ] as const;
