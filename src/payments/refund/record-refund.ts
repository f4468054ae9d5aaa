import { z } from 'zod';
import { handle } from '../../mediator/handler';
import { defineCommand, systemPrincipal } from '../../mediator/message';
import { decideOrder } from '../../orders/order';
import { loadOrder, orderAggregate } from '../../orders/order-aggregate';
import { opaqueId } from '../../platform/schemas';
import { refundPayment } from './refund-payment';
import { markCharge } from '../charge/provider-charge';

/**
 * Records the refund of an order that cannot be fulfilled. The provider has refunded it, or an operator must, because it
 * was paid by external means or the provider did not refund it.
 */
export const recordRefund = defineCommand({
  name: 'RecordRefund',
  input: z.strictObject({
    order_id: opaqueId,
    payment_id: opaqueId,
    refund: z.discriminatedUnion('by', [
      z.strictObject({ by: z.literal('provider'), refund_ref: z.string() }),
      z.strictObject({ by: z.literal('operator'), reason: z.string() }),
    ]),
  }),
  result: z.null(),
  roles: [],
});

export const recordRefundHandler = handle(recordRefund, async ({ order_id, payment_id, refund }, { uow, now }) => {
  const order = await loadOrder(uow, order_id, systemPrincipal);
  if (refund.by === 'operator') {
    uow.change(orderAggregate, order, decideOrder({ type: 'owe_refund', reason: refund.reason }, order));
    return null;
  }
  const { refund_ref } = refund;
  await refundPayment(uow, order, payment_id, refund_ref);
  await markCharge(uow.tx, payment_id, { state: 'refunded', refund_ref }, now);
  return null;
});
