import { z } from '@hono/zod-openapi';
import { canAccess, defineCommand, handle, type OneStatementContext } from '../cqrs/message';
import { decideInvoice, invoiceAggregate } from '../domain/invoice';
import { decideOrder, type Order, orderAggregate } from '../domain/order';
import type { Catalogue } from '../inventory/catalogue';
import { Refusal } from '../platform/refusal';
import { amount, clientId, currency, quantity, sku, text } from '../platform/schemas';
import { newId } from '../platform/values';
import { beginSaga } from '../sagas/saga';
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
