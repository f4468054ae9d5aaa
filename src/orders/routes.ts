import { type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Mediator } from '../cqrs/mediator';
import { actorId, systemPrincipal } from '../cqrs/message';
import {
  apiRoute,
  createRouter,
  idempotencyKey,
  json,
  jsonBody,
  located,
  onceOf,
  optionalJsonBody,
  sendOptions,
} from '../http/api-route';
import type { HttpEnv } from '../http/problem';
import type { Faults } from '../platform/faults';
import type { Logger } from '../platform/logger';
import { opaqueId } from '../platform/schemas';
import type { CancelSaga } from '../sagas/operate';
import { findSaga } from '../sagas/saga';
import type { SagaStarter } from '../sagas/start';
import { orderSagaId } from '../temporal-contract';
import { cancellation, cancelOrder } from './cancel-order';
import { orderResponse } from './order-response';
import { newOrder, placeOrder } from './place-order';
import { getOrder, listOrderEvents, listOrders, orderFilter } from './queries';

const tags: ['orders'] = ['orders'];
/** The start runs in the background. The sweeper starts sagas that are 2 s old. */
const START_MS = 1_500;
const params = z.object({ order_id: opaqueId });

/** What the routes need. */
export interface OrderRouteDeps {
  readonly mediator: Mediator;
  readonly sagas: SagaStarter;
  readonly cancelSaga: CancelSaga;
  readonly faults: Faults;
}

/** Creates the routes of orders. */
export function createOrderRoutes({ mediator, sagas, cancelSaga, faults }: OrderRouteDeps): OpenAPIHono<HttpEnv> {
  const routes = createRouter();

  /** Starts the saga in the background. After a failure the sweeper starts it. */
  async function startOrderSaga(orderId: string, logger: Logger): Promise<void> {
    const saga_id = orderSagaId(orderId);
    try {
      await sagas.start(await mediator.send(findSaga({ saga_id })), START_MS);
    } catch (error) {
      logger.warn({ err: error, saga_id }, 'saga.start_postponed');
    }
  }

  routes.openapi(
    apiRoute('/orders', {
      method: 'post',
      tags,
      operationId: 'placeOrder',
      summary: 'Place an order',
      request: {
        headers: idempotencyKey,
        body: jsonBody(newOrder, { customer_id: 'cus_demo', product_sku: 'vps.s', amount: 9900 }),
      },
      responses: { 201: located(orderResponse, 'Placed') },
      refusals: ['forbidden', 'unknown_product', 'price_mismatch'],
    }),
    async (c) => {
      const body = c.req.valid('json');
      const order = await mediator.send(placeOrder(body), sendOptions(c, onceOf(c, 'POST /orders', body)));
      await faults.pass('orders.after_commit');
      if (body.collection_method === 'charge_automatically') void startOrderSaga(order.order_id, c.var.logger);
      return c.json(order, 201, { Location: `/orders/${order.order_id}` });
    },
  );

  routes.openapi(
    apiRoute('/orders', {
      method: 'get',
      tags,
      operationId: 'listOrders',
      summary: 'List orders, newest first',
      request: { query: orderFilter },
      responses: { 200: json(listOrders.result, 'A page of orders') },
    }),
    async (c) => c.json(await mediator.send(listOrders(c.req.valid('query')), sendOptions(c)), 200),
  );

  routes.openapi(
    apiRoute('/orders/{order_id}', {
      method: 'get',
      tags,
      operationId: 'getOrder',
      summary: 'Read an order',
      request: { params },
      responses: { 200: json(orderResponse, 'The order') },
      refusals: ['order_not_found'],
    }),
    async (c) => c.json(await mediator.send(getOrder(c.req.valid('param')), sendOptions(c)), 200),
  );

  routes.openapi(
    apiRoute('/orders/{order_id}/cancel', {
      method: 'post',
      tags,
      operationId: 'cancelOrder',
      summary: 'Cancel an unpaid order; a charge is refunded',
      request: {
        params,
        headers: idempotencyKey,
        body: optionalJsonBody(cancellation, { reason: 'The customer changed their mind.' }),
      },
      responses: { 200: json(orderResponse, 'Cancelled, now or before') },
      refusals: ['order_not_found', 'order_not_cancellable'],
    }),
    async (c) => {
      const command = { ...c.req.valid('param'), ...c.req.valid('json') };
      const options = sendOptions(c, onceOf(c, 'POST /orders/{order_id}/cancel', command));
      const order = await mediator.send(cancelOrder(command), options);
      const { principal } = options;
      const cancellation = {
        actor: actorId(principal ?? systemPrincipal),
        reason: command.reason ?? 'The order was cancelled.',
      };
      void cancelSaga(orderSagaId(order.order_id), cancellation);
      return c.json(order, 200);
    },
  );

  routes.openapi(
    apiRoute('/orders/{order_id}/events', {
      method: 'get',
      tags,
      operationId: 'listOrderEvents',
      summary: 'List the events of an order, in version order',
      request: { params },
      responses: { 200: json(listOrderEvents.result, 'The events') },
      refusals: ['order_not_found'],
    }),
    async (c) => c.json(await mediator.send(listOrderEvents(c.req.valid('param')), sendOptions(c)), 200),
  );
  return routes;
}
