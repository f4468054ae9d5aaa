import { z } from 'zod';
import { handle } from '../mediator/handler';
import { defineQuery, canAccess } from '../mediator/message';
import { readRow } from '../mediator/row.sql';
import { opaqueId } from '../platform/schemas';
import type { Order } from './order';
import { orderAggregate, orderNotFound } from './order-aggregate';
import { orderResponse, toOrderResponse } from './order-view';

/** Reads an order. Another customer's order does not exist for a customer key. */
export const getOrder = defineQuery({
  name: 'GetOrder',
  input: z.strictObject({ order_id: opaqueId }),
  result: orderResponse,
  roles: ['customer', 'service', 'operator'],
});

export const getOrderHandler = handle(getOrder, async ({ order_id }, { database, principal }) => {
  const order = await readRow<Order>(database, { table: orderAggregate.table, id: order_id });
  if (!order || !canAccess(principal, order.customer_id)) throw orderNotFound(order_id);
  return toOrderResponse(order);
});
