import { PLANNED_EACH_TIME, type Queryable } from '../../platform/database/database';
import { rfc3339 } from '../../platform/database/rfc3339';

/** Where a page ends: oldest orders first. */
export interface UnpaidOrder {
  readonly order_id: string;
  /** RFC 3339, UTC. */
  readonly placed_at: string;
}

/**
 * Nobody has paid it within so many ms ($1), by the database's clock, and nobody is about to: no saga runs that
 * could still settle it, stuck ones among them. A closed invoice is such a saga's.
 */
const UNPAID = `orders.status = 'PENDING_PAYMENT' AND orders.collection_method = 'send_invoice'
  AND orders.placed_at <= now() - $1::double precision * interval '1 millisecond'
  AND EXISTS (SELECT FROM invoice WHERE invoice.order_id = orders.order_id AND invoice.status = 'OPEN')
  AND NOT EXISTS (SELECT FROM saga WHERE saga.order_id = orders.order_id AND saga.state NOT IN ('completed', 'compensated'))`;

/** A page of unpaid orders, behind the one given. */
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

/** Whether it is still so. Under the order's lock, nobody can begin to pay it in between. */
export async function isUnpaid(tx: Queryable, timeoutMs: number, orderId: string): Promise<boolean> {
  const rows = await tx.$queryRawUnsafe<unknown[]>(
    `SELECT FROM orders WHERE order_id = $2 AND ${UNPAID}`,
    timeoutMs,
    orderId,
  );
  return rows.length > 0;
}
