import { type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Mediator } from '../cqrs/mediator';
import {
  apiRoute,
  createRouter,
  idempotencyKey,
  json,
  jsonBody,
  located,
  onceOf,
  sendOptions,
} from '../http/api-route';
import type { HttpEnv } from '../http/problem';
import { orderResponse } from '../orders/order-response';
import type { Faults } from '../platform/faults';
import { Refusal } from '../platform/refusal';
import { clientId, opaqueId } from '../platform/schemas';
import type { SagaStarter } from '../sagas/start';
import type { PaymentSagaResult } from '../temporal-contract';
import { acceptPayment, paymentExample, paymentNotification, type SagaOutcome } from './accept-payment';
import { refundNote, resolveRefund, returnPayment } from './return-payment';

const DEFAULT_WAIT_MS = 10_000;
const MAX_WAIT_MS = 30_000;
/** The limits of the time to start. In a burst, a longer wait ends sooner than a start by the sweeper. */
const MIN_START_MS = 500;
const MAX_START_MS = 2_000;

/** Reads `Prefer: wait=N` (RFC 7240, section 4.3), in ms. Defaults to 10 s, at most 30 s. */
export function preferredWaitMs(prefer: string | undefined): number {
  const seconds = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,6})"?/i.exec(prefer ?? '')?.[1];
  return seconds === undefined ? DEFAULT_WAIT_MS : Math.min(Number(seconds) * 1_000, MAX_WAIT_MS);
}

/**
 * Starts the payment's saga and waits for its end. Returns `undefined` if the saga still runs or Temporal does not answer;
 * the sweeper then starts it.
 *
 * @throws Refusal `saga_compensated`
 */
export async function settledPayment(
  accepted: SagaOutcome,
  sagas: SagaStarter,
  waitMs: number,
): Promise<PaymentSagaResult | undefined> {
  if (accepted.state === 'completed') return accepted.result;
  const { saga_id } = accepted;
  if (accepted.state === 'compensated') throw sagaCompensated(saga_id, accepted.failed_step, accepted.detail);

  const until = performance.now() + waitMs;
  const startMs = Math.min(Math.max(waitMs / 2, MIN_START_MS), MAX_START_MS);
  await sagas.start({ saga_id, type: 'payment', input: accepted.input }, startMs);
  const outcome = await sagas.result(saga_id, until - performance.now());
  if (outcome.state === 'completed') return outcome.result;
  if (outcome.state === 'compensated')
    throw sagaCompensated(saga_id, outcome.failure.failed_step, outcome.failure.detail);
  return undefined;
}

const sagaCompensated = (saga_id: string, failed_step: string, cause: string): Refusal =>
  new Refusal('saga_compensated', `The payment failed at ${failed_step} and was undone: ${cause}`, {
    saga_id,
    failed_step,
  });

const paid = z
  .object({ status: z.literal('ok'), saga_id: z.string(), capture_ref: z.string(), balance_tx_id: z.string() })
  .openapi('PaymentAccepted');
const pending = z.object({ status: z.literal('pending'), saga_id: z.string() }).openapi('PaymentPending');

/** What the routes need. */
export interface PaymentRouteDeps {
  readonly mediator: Mediator;
  readonly sagas: SagaStarter;
  readonly faults: Faults;
}

/** Creates the routes of payments. */
export function createPaymentRoutes({ mediator, sagas, faults }: PaymentRouteDeps): OpenAPIHono<HttpEnv> {
  const routes = createRouter();

  routes.openapi(
    apiRoute('/invoices/close-after-payment', {
      method: 'post',
      tags: ['payments'],
      operationId: 'closeInvoiceAfterPayment',
      summary: 'Record a payment of an invoice and run its saga, once per payment_id',
      request: {
        headers: z.object({
          prefer: z.string().optional().openapi({
            description: '`wait=N`: seconds to wait for the saga, at most 30 (RFC 7240). Defaults to 10.',
          }),
        }),
        body: jsonBody(paymentNotification, paymentExample),
      },
      responses: {
        200: json(paid, 'Paid. Repeating the notification returns the same response'),
        202: located(pending, 'Accepted and stored; the saga in Location still runs'),
      },
      refusals: [
        'forbidden',
        'order_not_found',
        'invoice_not_found',
        'order_not_payable',
        'payment_conflict',
        'invoice_already_paid',
        'saga_compensated',
        'amount_mismatch',
      ],
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

  routes.openapi(
    apiRoute('/orders/{order_id}/refunded', {
      method: 'post',
      tags: ['payments'],
      operationId: 'resolveRefund',
      summary: 'Record that a REFUND_DUE order was refunded by other means',
      request: {
        params: z.object({ order_id: opaqueId }),
        headers: idempotencyKey,
        body: jsonBody(refundNote, { reference: 'transfer 4711', reason: 'Refunded by hand.' }),
      },
      responses: { 200: json(orderResponse, 'The order, REFUNDED') },
      refusals: ['forbidden', 'order_not_found', 'order_not_refundable'],
    }),
    async (c) => {
      const command = { ...c.req.valid('param'), ...c.req.valid('json') };
      const once = onceOf(c, 'POST /orders/{order_id}/refunded', command);
      return c.json(await mediator.send(resolveRefund(command), sendOptions(c, once)), 200);
    },
  );

  routes.openapi(
    apiRoute('/admin/payments/{payment_id}/returned', {
      method: 'post',
      tags: ['operator'],
      operationId: 'returnPayment',
      summary: 'Record that the money of a refused payment was returned to its payer',
      request: {
        params: z.object({ payment_id: clientId }),
        headers: idempotencyKey,
        body: jsonBody(refundNote, { reference: 'transfer 4711', reason: 'Refunded by hand.' }),
      },
      responses: { 200: json(returnPayment.result, 'Recorded. The reconciliation no longer lists the payment') },
      refusals: ['forbidden', 'payment_not_found', 'payment_not_refused'],
    }),
    async (c) => {
      const command = { ...c.req.valid('param'), ...c.req.valid('json') };
      const once = onceOf(c, 'POST /admin/payments/{payment_id}/returned', command);
      return c.json(await mediator.send(returnPayment(command), sendOptions(c, once)), 200);
    },
  );
  return routes;
}
