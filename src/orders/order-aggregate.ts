import type { Aggregate } from '../mediator/aggregate';
import type { Principal } from '../mediator/message';
import { canAccess } from '../mediator/message';
import type { UnitOfWork } from '../mediator/unit-of-work';
import { defineTable } from '../platform/database/table';
import { Refusal } from '../platform/refusal';
import { evolveOrder, type Order } from './order';
import type { OrderEvent } from './order-events';

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

/** The refusal for an unknown order. */
export const orderNotFound = (orderId: string): Refusal =>
  new Refusal('order_not_found', `There is no order ${orderId}.`);
