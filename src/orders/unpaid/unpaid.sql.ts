import { PLANNED_EACH_TIME, type Queryable } from '../../platform/database/database';
import { rfc3339 } from '../../platform/database/rfc3339';

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
