import type { UnitOfWork } from '../../mediator/unit-of-work';
import { decideOrder, type Order } from '../../orders/order';
import { orderAggregate } from '../../orders/order-aggregate';
import { decidePayment } from '../payment';
import { paymentAggregate } from '../payment-aggregate';

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
