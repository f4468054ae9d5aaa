import { z } from 'zod';
import { handle } from '../mediator/handler';
import { defineQuery, canAccess } from '../mediator/message';
import { readRow } from '../mediator/row.sql';
import type { Database } from '../platform/database/database';
import { opaqueId } from '../platform/schemas';
import type { Order } from './order';
import { orderNotFound } from './order-aggregate';
import { orderResponse, toOrderResponse } from './order-view';

/** Reads an order. Another customer's order does not exist for a customer key. */
export const getOrder = defineQuery({
  name: 'GetOrder',
  input: z.strictObject({ order_id: opaqueId }),
  result: orderResponse,
  roles: ['customer', 'service', 'operator'],
});

export const createGetOrder = (database: Database) =>
  handle(getOrder, async ({ order_id }, { principal }) => {
    const order = await readRow<Order>(database, { table: 'orders', idColumn: 'order_id', id: order_id });
    if (!order || !canAccess(principal, order.customer_id)) throw orderNotFound(order_id);
    return toOrderResponse(order);
  });
