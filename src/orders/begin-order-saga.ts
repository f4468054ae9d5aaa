import { orderSagaId, type OrderSagaInput } from '../contract';
import type { OneStatementContext } from '../mediator/handler';
import { newId } from '../platform/ids';
import { beginSaga } from '../sagas/begin-saga';
import type { Order } from './order';

/** Begins the saga that charges the order, in the transaction that places the order. */
export function beginOrderSaga(
  order: Order,
  { uow, now, correlationId }: Pick<OneStatementContext, 'uow' | 'now' | 'correlationId'>,
): void {
  const { order_id, invoice_id, customer_id, product_sku, quantity, amount, currency, payment_method } = order;
  if (payment_method === null) throw new Error(`Order ${order_id} is to be charged, and has no payment method.`);
  const saga_id = orderSagaId(order_id);
  const payment = { payment_id: newId('pay'), invoice_id, amount, currency, payment_method };
  const goods = { product_sku, quantity };
  const correlation_id = correlationId;
  const input: OrderSagaInput = { saga_id, order_id, customer_id, ...goods, ...payment, correlation_id };
  beginSaga(uow, 'order', input, now);
}
