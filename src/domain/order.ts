import { z } from 'zod';
import { canAccess, type Principal } from '../cqrs/message';
import type { Aggregate, UnitOfWork } from '../cqrs/unit-of-work';
import { defineEvent, type EventOf } from '../events/registry';
import { defineTable } from '../platform/database/table';
import { Refusal } from '../platform/refusal';
import {
  amount,
  clientId,
  currency,
  explanation,
  instant,
  opaqueId,
  outsideId,
  quantity,
  sku,
  text,
} from '../platform/schemas';

/** The statuses of an order. */
export type OrderStatus = 'PENDING_PAYMENT' | 'PAID' | 'FULFILLED' | 'CANCELLED' | 'REFUNDED' | 'REFUND_DUE';
/** The way an order is paid: by a payment that another system notifies, or by a charge. */
export type CollectionMethod = 'send_invoice' | 'charge_automatically';

/** An order: the row of `orders` and the fold of its events. Amounts in minor units. */
export interface Order {
  readonly order_id: string;
  readonly customer_id: string;
  readonly product_sku: string;
  readonly quantity: number;
  readonly amount: number;
  readonly currency: string;
  readonly status: OrderStatus;
  readonly collection_method: CollectionMethod;
  /** The provider's payment method to charge; null for `send_invoice`. */
  readonly payment_method: string | null;
  readonly invoice_id: string;
  readonly placed_at: string;
  readonly version: number;
}

/** An order to place. */
export type NewOrder = Omit<Order, 'status' | 'version'>;

/** The price of a product, in minor units. */
export interface PricedProduct {
  readonly price: number;
  readonly currency: string;
}

/** A command on an order. */
export type OrderCommand =
  | { readonly type: 'place'; readonly order: NewOrder; readonly product: PricedProduct }
  | { readonly type: 'pay'; readonly payment_id: string }
  | { readonly type: 'fulfil' }
  | { readonly type: 'cancel'; readonly reason: string | null }
  | { readonly type: 'owe_refund'; readonly reason: string }
  | { readonly type: 'refund'; readonly reference: string };

/**
 * Decides a command on an order. Returns no event when the order already has the wanted state.
 *
 * @throws Refusal `price_mismatch`, `order_not_payable`, `order_not_fulfillable`, `order_not_cancellable`,
 *   `order_not_refundable`
 */
export function decideOrder(command: OrderCommand, order: Order | undefined): OrderEvent[] {
  if (command.type === 'place') return [placed(command.order, command.product)];
  if (!order) throw new Error(`There is no order to ${command.type}.`);
  const { order_id, status } = order;

  switch (command.type) {
    case 'pay': {
      if (status !== 'PENDING_PAYMENT') throw notPayable(order);
      const { customer_id, product_sku, quantity, amount, currency, invoice_id } = order;
      const { payment_id } = command;
      const payload = { order_id, customer_id, product_sku, quantity, amount, currency, invoice_id, payment_id };
      return [{ type: 'order.paid', payload }];
    }
    case 'fulfil':
      if (status === 'FULFILLED') return [];
      if (status !== 'PAID') {
        throw new Refusal(
          'order_not_fulfillable',
          `Order ${order_id} is ${status}. Only a PAID order can be fulfilled.`,
        );
      }
      return [{ type: 'order.fulfilled', payload: { order_id } }];
    case 'cancel':
      if (status === 'CANCELLED') return [];
      if (status !== 'PENDING_PAYMENT') {
        throw new Refusal(
          'order_not_cancellable',
          `Order ${order_id} is ${status}. Only an unpaid order can be cancelled.`,
        );
      }
      return [{ type: 'order.cancelled', payload: { order_id, reason: command.reason } }];
    case 'owe_refund': {
      if (status !== 'PAID') throw notRefundable(order);
      const { amount, currency } = order;
      return [{ type: 'order.refund_due', payload: { order_id, amount, currency, reason: command.reason } }];
    }
    case 'refund': {
      if (status !== 'PAID' && status !== 'REFUND_DUE') throw notRefundable(order);
      const { amount, currency } = order;
      return [{ type: 'order.refunded', payload: { order_id, amount, currency, reference: command.reference } }];
    }
    default:
      return command satisfies never;
  }
}

/** Makes the refusal to pay an order in this status. */
export const notPayable = ({ order_id, status }: Order): Refusal =>
  new Refusal('order_not_payable', `Order ${order_id} is ${status}. It cannot be paid.`);

/** Makes the refusal to refund an order in this status. */
export const notRefundable = ({ order_id, status }: Order): Refusal =>
  new Refusal('order_not_refundable', `Order ${order_id} is ${status}. It cannot be refunded.`);

function placed(order: NewOrder, product: PricedProduct): OrderEvent {
  const price = product.price * order.quantity;
  if (order.currency !== product.currency || order.amount !== price) {
    throw new Refusal(
      'price_mismatch',
      `${order.quantity} × ${order.product_sku} costs ${price} ${product.currency} (minor units), not ` +
        `${order.amount} ${order.currency}. Read GET /products and order again.`,
    );
  }
  return { type: 'order.placed', payload: order };
}

/** Applies an event to an order. The fold of an order's events is its row. */
export function evolveOrder(order: Order | undefined, event: OrderEvent): Order {
  if (event.type === 'order.placed') return { ...event.payload, status: 'PENDING_PAYMENT', version: 1 };
  if (!order) throw new Error(`${event.type} before order.placed: the event log is broken.`);
  switch (event.type) {
    case 'order.paid':
      return { ...order, status: 'PAID' };
    case 'order.fulfilled':
      return { ...order, status: 'FULFILLED' };
    case 'order.cancelled':
      return { ...order, status: 'CANCELLED' };
    case 'order.refund_due':
      return { ...order, status: 'REFUND_DUE' };
    case 'order.refunded':
      return { ...order, status: 'REFUNDED' };
    default:
      return event satisfies never;
  }
}

const topic = 'paysaga.order';
const ordered = {
  order_id: opaqueId,
  customer_id: clientId,
  product_sku: sku,
  quantity,
  amount,
  currency,
};

const orderPlaced = defineEvent({
  type: 'order.placed',
  dataVersion: 1,
  topic,
  payload: z.object({
    ...ordered,
    collection_method: z.enum(['send_invoice', 'charge_automatically']),
    payment_method: text(64).nullable(),
    invoice_id: opaqueId,
    placed_at: instant,
  }),
});

/** An event: the order is paid. */
export const orderPaid = defineEvent({
  type: 'order.paid',
  dataVersion: 1,
  topic,
  payload: z.object({
    ...ordered,
    invoice_id: opaqueId,
    payment_id: clientId,
  }),
});

const orderFulfilled = defineEvent({
  type: 'order.fulfilled',
  dataVersion: 1,
  topic,
  payload: z.object({ order_id: opaqueId }),
});

const orderCancelled = defineEvent({
  type: 'order.cancelled',
  dataVersion: 1,
  topic,
  payload: z.object({ order_id: opaqueId, reason: explanation.nullable() }),
});

/** An event: an operator must refund the payment. */
const orderRefundDue = defineEvent({
  type: 'order.refund_due',
  dataVersion: 1,
  topic,
  payload: z.object({ order_id: opaqueId, amount, currency, reason: explanation }),
});

/** An event: the payment is refunded. */
export const orderRefunded = defineEvent({
  type: 'order.refunded',
  dataVersion: 1,
  topic,
  payload: z.object({ order_id: opaqueId, amount, currency, reference: outsideId }),
});

/** The events of an order. */
export const orderEvents = [
  orderPlaced,
  orderPaid,
  orderFulfilled,
  orderCancelled,
  orderRefundDue,
  orderRefunded,
] as const;
/** An event of an order. */
export type OrderEvent = EventOf<(typeof orderEvents)[number]>;

/** The order as an aggregate. */
export const orderAggregate: Aggregate<Order, OrderEvent> = {
  type: 'order',
  table: defineTable('orders', 'order_id'),
  evolve: evolveOrder,
};

/** Loads and locks an order. @throws Refusal `order_not_found`, also for another customer's order */
export async function loadOrder(uow: UnitOfWork, orderId: string, principal: Principal): Promise<Order> {
  const order = await uow.load(orderAggregate, orderId);
  if (!order || !canAccess(principal, order.customer_id)) throw orderNotFound(orderId);
  return order;
}

/** Makes the refusal for an unknown order. */
export const orderNotFound = (orderId: string): Refusal =>
  new Refusal('order_not_found', `There is no order ${orderId}.`);
