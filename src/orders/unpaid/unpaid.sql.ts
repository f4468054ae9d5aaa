import type { Queryable } from '../../platform/database';

export interface PendingOrder {
  readonly order_id: string;
  readonly unpaid: boolean;
}

/**
 * Nobody has paid it within so many ms ($1), by the database's clock, and nobody is about to: no saga runs that
 * could still settle it, stuck ones among them. A closed invoice is such a saga's.
 */
const UNPAID = `orders.status = 'PENDING_PAYMENT' AND orders.collection_method = 'send_invoice'
  AND orders.placed_at <= now() - $1::double precision * interval '1 millisecond'
  AND EXISTS (SELECT FROM invoice WHERE invoice.order_id = orders.order_id AND invoice.status = 'OPEN')
  AND NOT EXISTS (SELECT FROM saga WHERE saga.order_id = orders.order_id AND saga.state NOT IN ('completed', 'compensated'))`;

/**
 * A page of the orders that wait for a payment, in the order of their ids, and which of them are unpaid. By the
 * index that the lists have: one of the sweep's own would cost every new order more than this costs an hour.
 */
export function findPending(
  database: Queryable,
  timeoutMs: number,
  after: string,
  limit: number,
): Promise<PendingOrder[]> {
  return database.$queryRawUnsafe<PendingOrder[]>(
    `SELECT order_id, ${UNPAID} AS unpaid FROM orders
     WHERE status = 'PENDING_PAYMENT' AND order_id > $2 ORDER BY order_id LIMIT $3`,
    timeoutMs,
    after,
    limit,
  );
}

/** Whether it is still so. Under the order's lock, nobody can begin to pay it in between. */
export async function isUnpaid(tx: Queryable, timeoutMs: number, orderId: string): Promise<boolean> {
  const rows = await tx.$queryRawUnsafe<{ unpaid: boolean }[]>(
    `SELECT ${UNPAID} AS unpaid FROM orders WHERE order_id = $2`,
    timeoutMs,
    orderId,
  );
  return rows[0]?.unpaid ?? false;
}
