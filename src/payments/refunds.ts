import { z } from 'zod';
import { defineCommand, handle, systemPrincipal } from '../cqrs/message';
import type { UnitOfWork } from '../cqrs/unit-of-work';
import { decideOrder, loadOrder, type Order, orderAggregate } from '../domain/order';
import { decidePayment, paymentAggregate } from '../domain/payment';
import { opaqueId } from '../platform/schemas';
import { findCharge, markCharge, takenCharge } from './charges';

/**
 * The intent to undo a charge: returns the request that a provider may have received. Sent as the compensation of the
 * charge's intent. Without an intent the result is `null`, and none will be recorded.
 */
export const confirmCharge = defineCommand({
  name: 'ConfirmCharge',
  input: z.strictObject({ payment_id: opaqueId }),
  result: takenCharge.nullable(),
  roles: [],
});

/** Handles {@link confirmCharge}. */
export const confirmChargeHandler = handle(confirmCharge, ({ payment_id }, { uow }) => findCharge(uow.tx, payment_id));

/** The intent of the step `refund_payment`: returns the charge, if a provider took one. */
export const requestRefund = defineCommand({
  name: 'RequestRefund',
  input: z.strictObject({ payment_id: opaqueId }),
  result: z.object({ charge: takenCharge.nullish() }),
  roles: [],
});

/** Handles {@link requestRefund}. */
export const requestRefundHandler = handle(requestRefund, async ({ payment_id }, { uow }) => ({
  charge: await findCharge(uow.tx, payment_id),
}));

/** Marks order and payment as refunded. Returns the order. */
export async function refundPayment(
  uow: UnitOfWork,
  order: Order,
  paymentId: string,
  reference: string,
): Promise<Order> {
  const payment = await uow.load(paymentAggregate, paymentId);
  const refunded = uow.change(orderAggregate, order, decideOrder({ type: 'refund', reference }, order));
  uow.change(paymentAggregate, payment, decidePayment({ type: 'refund', reference }, payment));
  return refunded;
}

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

/** Handles {@link recordRefund}. */
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
