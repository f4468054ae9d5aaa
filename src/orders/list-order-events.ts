import { z } from '@hono/zod-openapi';
import { handle } from '../mediator/handler';
import { defineQuery, canAccess } from '../mediator/message';
import { opaqueId, timestamp } from '../platform/schemas';
import { orderNotFound } from './order-aggregate';

/** An event of an order in responses. */
export const orderEventResponse = z
  .object({
    event_id: z.string(),
    type: z.string().openapi({ example: 'order.placed' }),
    version: z.int(),
    data_version: z.int(),
    occurred_at: timestamp,
    correlation_id: z.string(),
    causation_id: z.string().nullable(),
    payload: z.record(z.string(), z.unknown()),
  })
  .openapi('OrderEvent');

/** Lists the events of an order, in version order. */
export const listOrderEvents = defineQuery({
  name: 'ListOrderEvents',
  input: z.strictObject({ order_id: opaqueId }),
  result: z.object({ data: z.array(orderEventResponse) }),
  roles: ['customer', 'service', 'operator'],
});

export const listOrderEventsHandler = handle(listOrderEvents, async ({ order_id }, { database, principal }) => {
  const order = await database.order.findUnique({ where: { order_id }, select: { customer_id: true } });
  if (!order || !canAccess(principal, order.customer_id)) throw orderNotFound(order_id);
  const events = await database.event.findMany({
    where: { aggregate_type: 'order', aggregate_id: order_id },
    orderBy: { version: 'asc' },
  });
  const data = events.map(
    ({ event_id, type, version, data_version, occurred_at, correlation_id, causation_id, payload }) => ({
      event_id,
      type,
      version,
      data_version,
      occurred_at: occurred_at.toISOString(),
      correlation_id,
      causation_id,
      payload: payload as Record<string, unknown>,
    }),
  );
  return { data };
});
