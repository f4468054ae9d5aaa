import { type OpenAPIHono, z } from '@hono/zod-openapi';
import { apiRoute, json, jsonBody, problems, sendOptions } from '../http/api-route';
import type { HttpEnv } from '../http/http-env';
import { createRouter } from '../http/router';
import type { Mediator } from '../mediator/mediator';
import type { Faults } from '../platform/faults';
import { Refusal } from '../platform/refusal';
import { acceptPayment, paymentNotice } from './accept-payment';
import type { SagaStarter } from '../sagas/start-saga';
import { preferredWaitMs, settledPayment } from './settled-payment';

const paid = z
  .object({ status: z.literal('ok'), saga_id: z.string(), capture_ref: z.string(), balance_tx_id: z.string() })
  .openapi('PaymentAccepted');
const pending = z.object({ status: z.literal('pending'), saga_id: z.string() }).openapi('PaymentPending');

export interface PaymentRouteDeps {
  readonly mediator: Mediator;
  readonly sagas: SagaStarter;
  readonly faults: Faults;
}

export function createPaymentRoutes({ mediator, sagas, faults }: PaymentRouteDeps): OpenAPIHono<HttpEnv> {
  const routes = createRouter();

  routes.openapi(
    apiRoute('/invoices/close-after-payment', {
      method: 'post',
      tags: ['payments'],
      summary: 'Tell that an invoice was paid: runs the payment saga once per payment_id',
      request: {
        headers: z.object({
          prefer: z.string().optional().openapi({
            description: '`wait=N`: seconds to wait for the saga, 10 unless given, at most 30 (RFC 7240).',
          }),
        }),
        body: jsonBody(paymentNotice),
      },
      responses: {
        200: json(paid, 'Paid; the same notice again gets the same answer'),
        202: json(pending, 'Accepted for certain, still running: look at Location'),
        ...problems(400, 401, 403, 404, 409, 413, 415, 422, 503),
      },
    }),
    async (c) => {
      const accepted = await mediator.send(acceptPayment(c.req.valid('json')), sendOptions(c));
      await faults.pass('payments.after_commit');
      if (accepted.state === 'refused') throw new Refusal(accepted.code, accepted.detail);
      const { saga_id } = accepted;
      const settled = await settledPayment(accepted, sagas, preferredWaitMs(c.req.header('prefer')));
      if (settled) return c.json({ status: 'ok' as const, saga_id, ...settled }, 200);
      return c.json({ status: 'pending' as const, saga_id }, 202, { Location: `/sagas/${saga_id}` });
    },
  );
  return routes;
}
