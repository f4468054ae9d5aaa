import { z } from 'zod';
import { handle } from '../../mediator/handler';
import { defineQuery } from '../../mediator/message';
import type { Database } from '../../platform/database';
import { findPending } from './unpaid.sql';

/** In ms, since the order was placed. */
export const paymentTimeout = z.int().min(0);

/** A page of the orders that wait for a payment: those that have waited for too long, and where the next begins. */
export const findUnpaidOrders = defineQuery({
  name: 'FindUnpaidOrders',
  input: z.strictObject({ timeout_ms: paymentTimeout, after: z.string(), limit: z.int().min(1).max(10_000) }),
  result: z.object({ order_ids: z.array(z.string()), next: z.string().nullable() }),
  roles: [],
});

export const createFindUnpaidOrders = (database: Database) =>
  handle(findUnpaidOrders, async ({ timeout_ms, after, limit }) => {
    const pending = await findPending(database, timeout_ms, after, limit);
    const order_ids = pending.filter(({ unpaid }) => unpaid).map(({ order_id }) => order_id);
    return { order_ids, next: pending.length < limit ? null : (pending.at(-1)?.order_id ?? null) };
  });
