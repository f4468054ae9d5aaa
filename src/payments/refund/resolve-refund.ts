import { z } from '@hono/zod-openapi';
import { handle } from '../../mediator/handler';
import { defineCommand } from '../../mediator/message';
import { recordOperatorAction } from '../../mediator/operator-action';
import { notRefundable } from '../../orders/order';
import { loadOrder } from '../../orders/order-aggregate';
import { orderResponse, toOrderResponse } from '../../orders/order-view';
import { opaqueId, reason, text } from '../../platform/schemas';
import { refundPayment } from './refund-payment';

/** The body of a request that records a refund by an operator. */
export const refundNote = z
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

export const resolveRefundHandler = handle(resolveRefund, async ({ order_id, reference, reason: why }, context) => {
  const { uow, principal } = context;
  const order = await loadOrder(uow, order_id, principal);
  if (order.status !== 'REFUND_DUE') throw notRefundable(order);
  const { payment_id } = await uow.tx.payment.findFirstOrThrow({ where: { order_id, status: 'CAPTURED' } });
  const refunded = await refundPayment(uow, order, payment_id, reference);
  const { amount, currency } = order;
  const details = { reference, payment_id, amount, currency };
  recordOperatorAction(context, { action: 'order.refunded', subject: order_id, reason: why, details });
  return toOrderResponse(refunded);
});
