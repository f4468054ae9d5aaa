import { type OpenAPIHono, z } from '@hono/zod-openapi';
import { recordAudit } from '../cqrs/audit';
import type { Mediator } from '../cqrs/mediator';
import { defineCommand, handle } from '../cqrs/message';
import { loadOrder, notRefundable } from '../domain/order';
import { paymentAggregate } from '../domain/payment';
import {
  apiRoute,
  createRouter,
  idempotencyKey,
  json,
  jsonBody,
  idempotencyKeyOf,
  sendOptions,
} from '../http/api-route';
import type { HttpEnv } from '../http/problem';
import { orderResponse, toOrderResponse } from '../orders/order-response';
import { Refusal } from '../platform/refusal';
import { clientId, opaqueId, reason, text } from '../platform/schemas';
import { refundPayment } from './refunds';

/** The body of a request that records a refund by an operator. */
const refundNote = z
  .strictObject({
    reference: text(200).openapi({
      description: 'The reference of the transfer that returned the money.',
      example: 'bank-4711',
    }),
    reason,
  })
  .openapi('RefundNote');

/** Records that an operator has refunded a `REFUND_DUE` order by other means. */
export const resolveRefund = defineCommand({
  name: 'ResolveRefund',
  input: refundNote.extend({ order_id: opaqueId }),
  result: orderResponse,
  roles: ['operator'],
});

/** Handles {@link resolveRefund}. */
export const resolveRefundHandler = handle(resolveRefund, async ({ order_id, reference, reason: why }, context) => {
  const { uow, principal } = context;
  const order = await loadOrder(uow, order_id, principal);
  if (order.status !== 'REFUND_DUE') throw notRefundable(order);
  const { payment_id } = await uow.tx.payment.findFirstOrThrow({ where: { order_id, status: 'CAPTURED' } });
  const refunded = await refundPayment(uow, order, payment_id, reference);
  const { amount, currency } = order;
  const details = { reference, payment_id, amount, currency };
  recordAudit(context, { action: 'order.refunded', subject: order_id, reason: why, details });
  return toOrderResponse(refunded);
});

/** Creates the route that records a refund by an operator. */
export function createResolveRefundRoute({ mediator }: { mediator: Mediator }): OpenAPIHono<HttpEnv> {
  const routes = createRouter();
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
      const key = idempotencyKeyOf(c, 'POST /orders/{order_id}/refunded', command);
      return c.json(await mediator.send(resolveRefund(command), sendOptions(c, key)), 200);
    },
  );
  return routes;
}

/** The audit action that removes a refused payment from the reconciliation. */
export const PAYMENT_RETURNED = 'payment.returned';

/** Records that an operator has returned the money of a refused payment. */
export const returnPayment = defineCommand({
  name: 'ReturnPayment',
  input: refundNote.extend({ payment_id: clientId }),
  result: z.object({ payment_id: clientId, reference: refundNote.shape.reference }).openapi('ReturnedPayment'),
  roles: ['operator'],
});

/** Handles {@link returnPayment}. */
export const returnPaymentHandler = handle(returnPayment, async ({ payment_id, reference, reason }, context) => {
  const { uow } = context;
  const payment = await uow.load(paymentAggregate, payment_id);
  if (!payment) throw new Refusal('payment_not_found', `There is no payment ${payment_id}.`);
  const { status, order_id, amount, currency } = payment;
  const charges = await uow.tx.providerCharge.count({ where: { payment_id } });
  if (status !== 'FAILED' || charges > 0) {
    const why = charges > 0 ? 'a provider was asked to charge it, and refunds it itself' : `it is ${status}`;
    throw new Refusal('payment_not_refused', `Payment ${payment_id} needs no return by an operator: ${why}.`);
  }
  const details = { reference, order_id, amount, currency };
  recordAudit(context, { action: PAYMENT_RETURNED, subject: payment_id, reason, details });
  return { payment_id, reference };
});

/** Creates the route that records the return of a refused payment. */
export function createReturnPaymentRoute({ mediator }: { mediator: Mediator }): OpenAPIHono<HttpEnv> {
  const routes = createRouter();
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
      const key = idempotencyKeyOf(c, 'POST /admin/payments/{payment_id}/returned', command);
      return c.json(await mediator.send(returnPayment(command), sendOptions(c, key)), 200);
    },
  );
  return routes;
}
