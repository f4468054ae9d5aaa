import { z } from 'zod';
import { handle } from '../../mediator/handler';
import { defineCommand, systemPrincipal } from '../../mediator/message';
import { opaqueId, reason } from '../../platform/schemas';
import { cancelAndVoid } from '../cancel-and-void';
import { loadOrder } from '../order-aggregate';
import { paymentTimeout } from './find-unpaid-orders';
import { isUnpaid } from './unpaid.sql';

/**
 * Cancels an order that was not paid in time, and returns whether it did. It competes with `AcceptPayment` for the
 * order's row. An order whose payment was accepted first is not cancelled until that payment is compensated.
 */
export const cancelUnpaidOrder = defineCommand({
  name: 'CancelUnpaidOrder',
  input: z.strictObject({ order_id: opaqueId, timeout_ms: paymentTimeout, reason }),
  result: z.boolean(),
  roles: [],
});

export const cancelUnpaidOrderHandler = handle(cancelUnpaidOrder, async (unpaid, { uow }) => {
  const order = await loadOrder(uow, unpaid.order_id, systemPrincipal);
  if (!(await isUnpaid(uow.tx, unpaid.timeout_ms, order.order_id))) return false;
  await cancelAndVoid(uow, order, unpaid.reason);
  return true;
});
