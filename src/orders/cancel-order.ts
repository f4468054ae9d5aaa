import { z } from '@hono/zod-openapi';
import { handle } from '../mediator/handler';
import { defineCommand } from '../mediator/message';
import { opaqueId, reason } from '../platform/schemas';
import { cancelAndVoid } from './cancel-and-void';
import { loadOrder } from './order-aggregate';
import { orderResponse, toOrderResponse } from './order-view';

/** The body of the request. */
export const cancellation = z.strictObject({ reason: reason.optional() }).openapi('Cancellation');

/** Cancels an unpaid order. It competes with `SettlePayment` for the order's row, and the first one wins. */
export const cancelOrder = defineCommand({
  name: 'CancelOrder',
  input: cancellation.extend({ order_id: opaqueId }),
  result: orderResponse,
  roles: ['customer', 'service', 'operator'],
});

export const cancelOrderHandler = handle(cancelOrder, async ({ order_id, reason = null }, { principal, uow }) => {
  const order = await loadOrder(uow, order_id, principal);
  return toOrderResponse(await cancelAndVoid(uow, order, reason));
});
