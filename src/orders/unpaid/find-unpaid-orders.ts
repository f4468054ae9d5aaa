import { z } from 'zod';
import { handle } from '../../mediator/handler';
import { defineQuery } from '../../mediator/message';
import { findUnpaid } from './unpaid.sql';

/** The time to pay after the order was placed, in ms. */
export const paymentTimeout = z.int().min(0);

const unpaidOrder = z.object({ order_id: z.string(), placed_at: z.string() });

/** Reads a page of the orders that were not paid in time, oldest first, after `after`. */
export const findUnpaidOrders = defineQuery({
  name: 'FindUnpaidOrders',
  input: z.strictObject({
    timeout_ms: paymentTimeout,
    after: unpaidOrder.nullable(),
    limit: z.int().min(1).max(10_000),
  }),
  result: z.array(unpaidOrder),
  roles: [],
});

export const findUnpaidOrdersHandler = handle(findUnpaidOrders, ({ timeout_ms, after, limit }, { database }) =>
  findUnpaid(database, timeout_ms, after, limit),
);
