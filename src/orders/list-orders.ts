import { z } from '@hono/zod-openapi';
import { handle } from '../mediator/handler';
import { defineQuery } from '../mediator/message';
import { decodeCursor, encodeCursor } from '../platform/cursor';
import { clientId, opaqueId, pageQuery } from '../platform/schemas';
import { orderStatus, orderResponse, toOrderResponse } from './order-view';

/** The query of the route. */
export const orderFilter = z.strictObject({
  customer_id: clientId.optional(),
  status: orderStatus.optional(),
  ...pageQuery,
});

/** Lists orders, newest first. A customer key sees only its customer's orders. */
export const listOrders = defineQuery({
  name: 'ListOrders',
  input: orderFilter,
  result: z.object({ data: z.array(orderResponse), next_cursor: z.string().nullable() }),
  roles: ['customer', 'service', 'operator'],
});

const position = z.tuple([opaqueId]);

export const listOrdersHandler = handle(
  listOrders,
  async ({ customer_id, status, limit, cursor }, { database, principal }) => {
    const own = principal.role === 'customer' ? principal.customerId : undefined;
    if (own !== undefined && customer_id !== undefined && own !== customer_id) return { data: [], next_cursor: null };
    const owner = own ?? customer_id;
    const [before] = cursor === undefined ? [] : decodeCursor(cursor, position);
    const orders = await database.order.findMany({
      where: {
        ...(owner !== undefined && { customer_id: owner }),
        ...(status !== undefined && { status }),
        ...(before !== undefined && { order_id: { lt: before } }),
      },
      // Ids start with their creation time, so this is newest first.
      orderBy: { order_id: 'desc' },
      take: limit + 1,
    });
    const page = orders.slice(0, limit);
    const last = orders.length > limit ? page.at(-1) : undefined;
    return { data: page.map(toOrderResponse), next_cursor: last ? encodeCursor([last.order_id]) : null };
  },
);
