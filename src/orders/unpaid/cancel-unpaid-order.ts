import { z } from 'zod';
import { handle } from '../../mediator/handler';
import { defineCommand, systemPrincipal } from '../../mediator/message';
import { opaqueId, reason } from '../../platform/schemas';
import { cancelAndVoid } from '../cancel-and-void';
import { loadOrder } from '../order-aggregate';
import { paymentTimeout } from './find-unpaid-orders';
import { isUnpaid } from './unpaid.sql';

/**
 * Cancels an order that nobody has paid in time, and says whether it did. It competes for the order's row with
 * `AcceptPayment`: an order whose payment was accepted first is left alone until that payment is undone.
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
