import { z } from 'zod';
import { defineCommand, defineQuery, handle, systemPrincipal } from '../cqrs/message';
import { loadOrder } from '../domain/order';
import { PLANNED_EACH_TIME, type Queryable } from '../platform/database/database';
import { rfc3339 } from '../platform/database/session';
import { opaqueId, reason } from '../platform/schemas';
import { cancelAndVoid } from './cancel-order';

/** An unpaid order, and the position of a page. */
export interface UnpaidOrder {
  readonly order_id: string;
  /** RFC 3339, UTC. */
  readonly placed_at: string;
}

/**
 * Whether an order was not paid within $1 ms, by the database's clock, and no saga runs that may still settle it. A
 * stuck saga runs; a closed invoice belongs to one.
 */
const UNPAID = `orders.status = 'PENDING_PAYMENT' AND orders.collection_method = 'send_invoice'
  AND orders.placed_at <= now() - $1::double precision * interval '1 millisecond'
  AND EXISTS (SELECT FROM invoice WHERE invoice.order_id = orders.order_id AND invoice.status = 'OPEN')
  AND NOT EXISTS (SELECT FROM saga WHERE saga.order_id = orders.order_id AND saga.state NOT IN ('completed', 'compensated'))`;

/** Reads a page of unpaid orders after the given one. */
export function findUnpaid(
  database: Queryable,
  timeoutMs: number,
  after: UnpaidOrder | null,
  limit: number,
): Promise<UnpaidOrder[]> {
  return database.$queryRawUnsafe<UnpaidOrder[]>(
    `${PLANNED_EACH_TIME} SELECT order_id, ${rfc3339('placed_at')} AS placed_at FROM orders
     WHERE ${UNPAID} AND placed_at >= $2::timestamptz AND (placed_at, order_id) > ($2::timestamptz, $3)
     ORDER BY orders.placed_at, orders.order_id LIMIT $4`,
    timeoutMs,
    after?.placed_at ?? '-infinity',
    after?.order_id ?? '',
    limit,
  );
}

/** Whether an order is still unpaid. Call it under the order's lock, so that no payment can begin meanwhile. */
export async function isUnpaid(tx: Queryable, timeoutMs: number, orderId: string): Promise<boolean> {
  const rows = await tx.$queryRawUnsafe<unknown[]>(
    `SELECT FROM orders WHERE order_id = $2 AND ${UNPAID}`,
    timeoutMs,
    orderId,
  );
  return rows.length > 0;
}

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

/** Handles {@link findUnpaidOrders}. */
export const findUnpaidOrdersHandler = handle(findUnpaidOrders, ({ timeout_ms, after, limit }, { database }) =>
  findUnpaid(database, timeout_ms, after, limit),
);

/**
 * Cancels an order that was not paid in time, and returns whether it did. It competes with `AcceptPayment` for the
 * order's row. An order whose payment was accepted first is not cancelled until that payment is compensated.
 */
export const cancelUnpaidOrder = defineCommand({
  name: 'CancelUnpaidOrder',
  input: z.strictObject({ order_id: opaqueId, timeout_ms: paymentTimeout, reason }),
  result: z.boolean(),
  roles: [],
});

/** Handles {@link cancelUnpaidOrder}. */
export const cancelUnpaidOrderHandler = handle(cancelUnpaidOrder, async (unpaid, { uow }) => {
  const order = await loadOrder(uow, unpaid.order_id, systemPrincipal);
  if (!(await isUnpaid(uow.tx, unpaid.timeout_ms, order.order_id))) return false;
  await cancelAndVoid(uow, order, unpaid.reason);
  return true;
});
