import { type OpenAPIHono, z } from '@hono/zod-openapi';
import { recordAudit } from '../cqrs/audit';
import { defineCommand, handle } from '../cqrs/message';
import { loadInvoice } from '../domain/invoice';
import { loadOrder } from '../domain/order';
import { decidePayment, paymentAggregate, refusalOf } from '../domain/payment';
import { apiRoute, createRouter, idempotencyKey, located, idempotencyKeyOf, sendOptions } from '../http/api-route';
import type { HttpEnv } from '../http/problem';
import { Refusal } from '../platform/refusal';
import { reason, sagaId } from '../platform/schemas';
import { because } from '../sagas/routes';
import { sagaNotFound } from '../sagas/view';
import type { PaymentSagaInput } from '../temporal-contract';
import type { PaymentRouteDeps } from './accept-payment';
import { beginPaymentSaga, freeSagaId, sagasOf } from './payment-sagas';

/** Restarts a compensated payment saga, as a new saga `<saga_id>-2` of the same payment. */
export const restartSaga = defineCommand({
  name: 'RestartSaga',
  input: z.strictObject({ saga_id: sagaId, reason }),
  result: z.object({ state: z.literal('running'), saga_id: z.string(), input: z.custom<PaymentSagaInput>() }),
  roles: ['operator'],
});

/** Handles {@link restartSaga}. */
export const restartSagaHandler = handle(restartSaga, async ({ saga_id, reason: why }, context) => {
  const { uow, now, principal, correlationId } = context;
  const saga = await uow.tx.saga.findUnique({ where: { saga_id } });
  if (!saga) throw sagaNotFound(saga_id);
  if (saga.type !== 'payment') throw notCompensated(`${saga_id} is not a payment saga`);

  const { payment_id, order_id, invoice_id, customer_id, amount, currency } = saga.input as unknown as PaymentSagaInput;
  const content = { payment_id, order_id, invoice_id, customer_id, amount, currency };
  const order = await loadOrder(uow, content.order_id, principal);
  const invoice = await loadInvoice(uow, content.invoice_id);
  const [newest] = await sagasOf(uow.tx, content);
  if (newest?.saga_id !== saga_id) throw notCompensated(`${saga_id} was restarted as ${newest?.saga_id}`);
  if (newest.state !== 'compensated') throw notCompensated(`${saga_id} is ${newest.state}`);
  const refusal = refusalOf(order, invoice, content);
  if (refusal) throw new Refusal(refusal.code, refusal.detail);

  const payment = await uow.load(paymentAggregate, content.payment_id);
  uow.change(paymentAggregate, payment, decidePayment({ type: 'request', content, requested_at: now }, payment));
  const next = await freeSagaId(uow.tx, content.payment_id);
  recordAudit(context, { action: 'saga.restart', subject: saga_id, reason: why, details: { begun: next } });
  return beginPaymentSaga(uow, { ...content, saga_id: next, correlation_id: correlationId }, now);
});

const notCompensated = (why: string): Refusal =>
  new Refusal(
    'saga_not_compensated',
    `Only the newest saga of a payment can be restarted, if it is compensated: ${why}.`,
  );

const pending = z.object({ status: z.literal('pending'), saga_id: z.string() }).openapi('SagaPending');

/** Creates the route that restarts a saga. */
export function createRestartRoute({ mediator, sagas }: PaymentRouteDeps): OpenAPIHono<HttpEnv> {
  const routes = createRouter();

  routes.openapi(
    apiRoute('/sagas/{saga_id}/restart', {
      method: 'post',
      tags: ['sagas'],
      operationId: 'restartSaga',
      summary: 'Restart a compensated payment saga, as <saga_id>-2',
      request: { params: z.object({ saga_id: sagaId }), headers: idempotencyKey, body: because },
      responses: { 202: located(pending, 'Restarted; Location is the new saga') },
      refusals: [
        'forbidden',
        'saga_not_found',
        'saga_not_compensated',
        'order_not_payable',
        'invoice_already_paid',
        'amount_mismatch',
      ],
    }),
    async (c) => {
      const command = { ...c.req.valid('param'), ...c.req.valid('json') };
      const key = idempotencyKeyOf(c, 'POST /sagas/{saga_id}/restart', command);
      const { saga_id, input } = await mediator.send(restartSaga(command), sendOptions(c, key));
      await sagas.start({ saga_id, type: 'payment', input });
      return c.json({ status: 'pending' as const, saga_id }, 202, { Location: `/sagas/${saga_id}` });
    },
  );
  return routes;
}
