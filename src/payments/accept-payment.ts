import { type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Mediator } from '../cqrs/mediator';
import { defineCommand, handle } from '../cqrs/message';
import { invoiceAggregate, invoiceNotFound, loadInvoice } from '../domain/invoice';
import { loadOrder, orderAggregate, orderNotFound } from '../domain/order';
import { decidePayment, paymentAggregate, paymentConflict, refusalOf, sameContent } from '../domain/payment';
import { apiRoute, createRouter, json, jsonBody, located, sendOptions } from '../http/api-route';
import type { HttpEnv } from '../http/problem';
import type { Faults } from '../platform/faults';
import { Refusal, type RefusalCode } from '../platform/refusal';
import { amount, clientId, currency, opaqueId } from '../platform/schemas';
import type { SagaStarter } from '../sagas/start';
import type { PaymentSagaResult } from '../temporal-contract';
import { beginPaymentSaga, firstSagaId, sagaOutcome, type SagaOutcome, sagasOf, toSagaOutcome } from './payment-sagas';

/** The notification of a payment. */
export const paymentNotification = z
  .strictObject({
    order_id: opaqueId,
    customer_id: clientId,
    invoice_id: opaqueId,
    amount,
    currency: currency.default('EUR'),
    payment_id: clientId,
  })
  .openapi('PaymentNotification');

/** The example of the OpenAPI document. */
export const paymentExample: z.input<typeof paymentNotification> = {
  order_id: 'ord_0199f0c2a5b87c3e8d2f4b6a9c1e3d5f',
  customer_id: 'cus_demo',
  invoice_id: 'inv_0199f0c2a5b87c3e8d2f4b6a9c1e3d60',
  amount: 9900,
  currency: 'EUR',
  payment_id: 'pay_demo',
};

/**
 * The outcome of a notification: the current state of its saga, or a refusal. A refusal is recorded with the payment,
 * unless the order's own saga makes the payment.
 */
const acceptance = z.union([
  sagaOutcome,
  z.object({ state: z.literal('refused'), code: z.custom<RefusalCode>(), detail: z.string() }),
]);
/** The outcome of a notification. */
export type Acceptance = z.infer<typeof acceptance>;

/** Accepts the notification of a payment, and begins the payment saga once per payment id. */
export const acceptPayment = defineCommand({
  name: 'AcceptPayment',
  input: paymentNotification,
  result: acceptance,
  roles: ['service', 'operator'],
});

/** Handles {@link acceptPayment}. */
export const acceptPaymentHandler = handle(
  acceptPayment,
  async (content, { uow, now, principal, correlationId }): Promise<Acceptance> => {
    // Load the payment only after these locks: another notification may insert it while this one waits.
    await uow.lock([orderAggregate, content.order_id], [invoiceAggregate, content.invoice_id]);
    const order = await loadOrder(uow, content.order_id, principal);
    if (order.customer_id !== content.customer_id) throw orderNotFound(content.order_id);
    if (order.invoice_id !== content.invoice_id) throw invoiceNotFound(content.invoice_id);
    const invoice = await loadInvoice(uow, content.invoice_id);
    const payment = await uow.load(paymentAggregate, content.payment_id);
    if (payment && !sameContent(payment, content)) {
      uow.change(paymentAggregate, payment, decidePayment({ type: 'conflict', content }, payment));
      return refused(paymentConflict(payment));
    }
    const [newest] = payment ? await sagasOf(uow.tx, content) : [];
    if (newest) return toSagaOutcome(newest);

    const requested = decidePayment({ type: 'request', content, requested_at: now }, payment);
    const refusal = refusalOf(order, invoice, content);
    if (refusal) {
      const { code } = refusal;
      // The order's own saga makes the payment, so the notification must not fail it.
      const isOwn = payment !== undefined && payment.status !== 'FAILED';
      if (!isOwn && payment?.failure_code !== code) {
        const open = uow.change(paymentAggregate, payment, requested);
        uow.change(paymentAggregate, open, decidePayment({ type: 'fail', code }, open));
      }
      return refused(refusal);
    }

    uow.change(paymentAggregate, payment, requested);
    const saga_id = await firstSagaId(uow.tx, content.payment_id);
    return beginPaymentSaga(uow, { saga_id, ...content, correlation_id: correlationId }, now);
  },
);

const refused = ({ code, detail }: Refusal): Acceptance => ({ state: 'refused', code, detail });

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
async function settledPayment(
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

/** What the routes that accept payments need. */
export interface PaymentRouteDeps {
  readonly mediator: Mediator;
  readonly sagas: SagaStarter;
  readonly faults: Faults;
}

/** Creates the route that accepts the notification of a payment. */
export function createAcceptPaymentRoute({ mediator, sagas, faults }: PaymentRouteDeps): OpenAPIHono<HttpEnv> {
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
  return routes;
}
