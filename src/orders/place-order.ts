import { z } from '@hono/zod-openapi';
import { invoiceAggregate } from '../billing/invoice-aggregate';
import { decideInvoice } from '../billing/invoice';
import type { Catalogue } from '../inventory/catalogue';
import { handle } from '../mediator/handler';
import { defineCommand, canAccess } from '../mediator/message';
import { newId } from '../platform/ids';
import { Refusal } from '../platform/refusal';
import { amount, clientId, currency, quantity, sku, text } from '../platform/schemas';
import { beginOrderSaga } from './begin-order-saga';
import { decideOrder } from './order';
import { orderAggregate } from './order-aggregate';
import { orderResponse, toOrderResponse } from './order-view';

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
