import { type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Mediator } from '../cqrs/mediator';
import { canAccess, defineQuery, handle } from '../cqrs/message';
import { readRow } from '../cqrs/unit-of-work';
import { evolveOrder, type Order, orderAggregate, type OrderEvent, orderNotFound } from '../domain/order';
import { apiRoute, createRouter, json, sendOptions } from '../http/api-route';
import type { HttpEnv } from '../http/problem';
import type { Database } from '../platform/database/database';
import { Refusal } from '../platform/refusal';
import { clientId, opaqueId, pageQuery, queryNumber, timestamp, version } from '../platform/schemas';
import { decodeCursor, encodeCursor } from '../platform/values';
import { orderResponse, orderStatus, toOrderResponse } from './order-response';

/** The query of the route. */
const orderVersion = z.object({
  version: queryNumber(version).optional().openapi({ description: 'The order as it was at this version.' }),
});

/** Reads an order's events in version order, up to a version or all. */
const readEvents = (database: Database, order_id: string, upTo?: number) =>
  database.event.findMany({
    where: { aggregate_type: 'order', aggregate_id: order_id, ...(upTo !== undefined && { version: { lte: upTo } }) },
    orderBy: { version: 'asc' },
  });

/** Reads an order, now or at a version. Another customer's order does not exist for a customer key. */
export const getOrder = defineQuery({
  name: 'GetOrder',
  input: z.strictObject({ order_id: opaqueId, version: version.optional() }),
  result: orderResponse,
  roles: ['customer', 'service', 'operator'],
});

/** Handles {@link getOrder}. */
export const getOrderHandler = handle(getOrder, async ({ order_id, version }, { database, principal }) => {
  const order = await readRow<Order>(database, { table: orderAggregate.table, id: order_id });
  if (!order || !canAccess(principal, order.customer_id)) throw orderNotFound(order_id);
  if (version === undefined) return toOrderResponse(order);

  if (version > order.version) {
    const detail = `Order ${order_id} has no version ${version}. Its newest version is ${order.version}.`;
    throw new Refusal('order_version_not_found', detail);
  }
  const events = await readEvents(database, order_id, version);
  const past = events.reduce<Order | undefined>(
    (state, { type, payload, version }) => ({ ...evolveOrder(state, { type, payload } as OrderEvent), version }),
    undefined,
  );
  if (past?.version !== version) throw new Error(`The event log has no version ${version} of order ${order_id}.`);
  return toOrderResponse(past);
});

/** Creates the route that reads an order. */
export function createGetOrderRoute({ mediator }: { mediator: Mediator }): OpenAPIHono<HttpEnv> {
  const routes = createRouter();
  routes.openapi(
    apiRoute('/orders/{order_id}', {
      method: 'get',
      tags: ['orders'],
      operationId: 'getOrder',
      summary: 'Read an order',
      request: { params: z.object({ order_id: opaqueId }), query: orderVersion },
      responses: { 200: json(orderResponse, 'The order') },
      refusals: ['order_not_found', 'order_version_not_found'],
    }),
    async (c) => {
      const query = getOrder({ ...c.req.valid('param'), ...c.req.valid('query') });
      return c.json(await mediator.send(query, sendOptions(c)), 200);
    },
  );
  return routes;
}

/** The query of the route. */
const orderFilter = z.strictObject({
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

/** Handles {@link listOrders}. */
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

/** Creates the route that lists orders. */
export function createListOrdersRoute({ mediator }: { mediator: Mediator }): OpenAPIHono<HttpEnv> {
  const routes = createRouter();
  routes.openapi(
    apiRoute('/orders', {
      method: 'get',
      tags: ['orders'],
      operationId: 'listOrders',
      summary: 'List orders, newest first',
      request: { query: orderFilter },
      responses: { 200: json(listOrders.result, 'A page of orders') },
    }),
    async (c) => c.json(await mediator.send(listOrders(c.req.valid('query')), sendOptions(c)), 200),
  );
  return routes;
}

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

/** Handles {@link listOrderEvents}. */
export const listOrderEventsHandler = handle(listOrderEvents, async ({ order_id }, { database, principal }) => {
  const order = await database.order.findUnique({ where: { order_id }, select: { customer_id: true } });
  if (!order || !canAccess(principal, order.customer_id)) throw orderNotFound(order_id);
  const events = await readEvents(database, order_id);
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

/** Creates the route that lists the events of an order. */
export function createListOrderEventsRoute({ mediator }: { mediator: Mediator }): OpenAPIHono<HttpEnv> {
  const routes = createRouter();
  routes.openapi(
    apiRoute('/orders/{order_id}/events', {
      method: 'get',
      tags: ['orders'],
      operationId: 'listOrderEvents',
      summary: 'List the events of an order, in version order',
      request: { params: z.object({ order_id: opaqueId }) },
      responses: { 200: json(listOrderEvents.result, 'The events') },
      refusals: ['order_not_found'],
    }),
    async (c) => c.json(await mediator.send(listOrderEvents(c.req.valid('param')), sendOptions(c)), 200),
  );
  return routes;
}
