import { type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Mediator } from '../cqrs/mediator';
import { canAccess, defineCommand, handle, type OneStatementContext } from '../cqrs/message';
import { decideInvoice, invoiceAggregate } from '../domain/invoice';
import { decideOrder, type Order, orderAggregate } from '../domain/order';
import {
  apiRoute,
  createRouter,
  idempotencyKey,
  jsonBody,
  located,
  idempotencyKeyOf,
  sendOptions,
} from '../http/api-route';
import type { HttpEnv } from '../http/problem';
import type { Catalogue } from '../inventory/catalogue';
import type { Faults } from '../platform/faults';
import type { Logger } from '../platform/logger';
import { Refusal } from '../platform/refusal';
import { amount, clientId, currency, quantity, sku, text } from '../platform/schemas';
import { newId } from '../platform/values';
import { beginSaga, findSaga } from '../sagas/saga';
import type { SagaStarter } from '../sagas/start';
import { orderSagaId, type OrderSagaInput } from '../temporal-contract';
import { orderResponse, toOrderResponse } from './order-response';

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

/** The body of the request. */
export const newOrder = z
  .strictObject({
    customer_id: clientId,
    product_sku: sku.openapi({ example: 'vps.s' }),
    /** Price × quantity, as the client saw it. The server compares it with its own price. */
    amount,
    currency: currency.default('EUR'),
    quantity: quantity.default(1),
    collection_method: z.enum(['send_invoice', 'charge_automatically']).default('send_invoice'),
    payment_method: text(64).optional().openapi({ example: 'pm_ok' }),
  })
  .refine((order) => order.collection_method !== 'charge_automatically' || order.payment_method !== undefined, {
    path: ['payment_method'],
    error: 'is required when collection_method is charge_automatically',
  })
  .openapi('NewOrder', {
    anyOf: [{ properties: { collection_method: { const: 'send_invoice' } } }, { required: ['payment_method'] }],
  });

/** Places an order: writes order, invoice, events and, for a charged order, its saga in one statement. */
export const placeOrder = defineCommand({
  name: 'PlaceOrder',
  input: newOrder,
  result: orderResponse,
  roles: ['customer', 'service', 'operator'],
  transaction: 'one_statement',
});

/** Creates the handler of {@link placeOrder}. */
export const createPlaceOrder = (catalogue: Catalogue) =>
  handle(placeOrder, async (data, context) => {
    const { principal, now, uow } = context;
    if (!canAccess(principal, data.customer_id)) {
      throw new Refusal('forbidden', 'A customer key can order only for its own customer.');
    }
    const product = await catalogue.find(data.product_sku);
    if (!product) {
      throw new Refusal(
        'unknown_product',
        `There is no product ${data.product_sku}. GET /products lists the products.`,
      );
    }
    const { payment_method = null, ...rest } = data;
    const ids = { order_id: newId('ord'), invoice_id: newId('inv') };
    const placed = decideOrder(
      { type: 'place', product, order: { ...rest, ...ids, payment_method, placed_at: now } },
      undefined,
    );
    const order = uow.change(orderAggregate, undefined, placed);
    uow.change(invoiceAggregate, undefined, decideInvoice({ type: 'issue', order, issued_at: now }, undefined));
    if (order.collection_method === 'charge_automatically') beginOrderSaga(order, context);
    return toOrderResponse(order);
  });

/** The start runs in the background. The sweeper starts sagas that are 2 s old. */
const START_MS = 1_500;

/** What the route needs. */
export interface PlaceOrderRouteDeps {
  readonly mediator: Mediator;
  readonly sagas: SagaStarter;
  readonly faults: Faults;
}

/** Creates the route that places an order. */
export function createPlaceOrderRoute({ mediator, sagas, faults }: PlaceOrderRouteDeps): OpenAPIHono<HttpEnv> {
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
      tags: ['orders'],
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
      const order = await mediator.send(placeOrder(body), sendOptions(c, idempotencyKeyOf(c, 'POST /orders', body)));
      await faults.pass('orders.after_commit');
      if (body.collection_method === 'charge_automatically') void startOrderSaga(order.order_id, c.var.logger);
      return c.json(order, 201, { Location: `/orders/${order.order_id}` });
    },
  );
  return routes;
}
