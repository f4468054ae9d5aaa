import { z } from 'zod';
import { defineCommand, handle, systemPrincipal } from '../cqrs/message';
import { loadOrder, notPayable } from '../domain/order';
import type { Queryable } from '../platform/database/statements';
import { Refusal } from '../platform/refusal';
import { opaqueId } from '../platform/schemas';
import type { Catalogue } from './catalogue';

/** The goods to reserve for an order. */
export interface ReservationOf {
  readonly order_id: string;
  readonly product_sku: string;
  readonly quantity: number;
}

/** The state of a reservation: made by the order saga, or allocated by the shipment saga. */
export type Holding = 'RESERVED' | 'ALLOCATED';

/**
 * Reserves goods for an order. Returns `false` when too few are left. The product's row is locked until the transaction
 * ends, so two orders never get the same unit.
 */
export async function reserve(tx: Queryable, of: ReservationOf, state: Holding, now: string): Promise<boolean> {
  const reserved = await tx.$executeRawUnsafe(
    `WITH taken AS (
       UPDATE product SET reserved = reserved + $3
       WHERE sku = $2 AND (stock IS NULL OR stock - reserved >= $3) RETURNING sku)
     INSERT INTO inventory_reservation (order_id, product_sku, quantity, state, reserved_at)
     SELECT $1, sku, $3, $4, $5::timestamptz FROM taken`,
    of.order_id,
    of.product_sku,
    of.quantity,
    state,
    now,
  );
  return reserved === 1;
}

/** Allocates the reservation of an order. Returns `false` when there is none. */
export async function allocateReserved(tx: Queryable, orderId: string): Promise<boolean> {
  const allocated = await tx.$executeRawUnsafe(
    `UPDATE inventory_reservation SET state = 'ALLOCATED' WHERE order_id = $1 AND state = 'RESERVED'`,
    orderId,
  );
  return allocated === 1;
}

/** Releases the goods of an order. Returns `false` when the order has none. */
export async function release(tx: Queryable, orderId: string): Promise<boolean> {
  const released = await tx.$executeRawUnsafe(
    `WITH released AS (
       UPDATE inventory_reservation SET state = 'RELEASED'
       WHERE order_id = $1 AND state IN ('RESERVED', 'ALLOCATED') RETURNING product_sku, quantity)
     UPDATE product SET reserved = reserved - released.quantity FROM released WHERE sku = product_sku`,
    orderId,
  );
  return released === 1;
}

/** Dispatches the allocated goods of an order. Returns `false` when there are none. */
export async function dispatchAllocated(tx: Queryable, orderId: string): Promise<boolean> {
  const dispatched = await tx.$executeRawUnsafe(
    `WITH dispatched AS (
       UPDATE inventory_reservation SET state = 'DISPATCHED'
       WHERE order_id = $1 AND state = 'ALLOCATED' RETURNING product_sku, quantity)
     UPDATE product SET reserved = reserved - dispatched.quantity, stock = stock - dispatched.quantity
     FROM dispatched WHERE sku = product_sku`,
    orderId,
  );
  return dispatched === 1;
}

/** Step `reserve_inventory` of the order saga: reserves goods. No-op for a service. */
export const reserveInventory = defineCommand({
  name: 'ReserveInventory',
  input: z.strictObject({ order_id: opaqueId, product_sku: z.string(), quantity: z.int() }),
  result: z.null(),
  roles: [],
});

/** Creates the handler of {@link reserveInventory}. */
export const createReserveInventory = (catalogue: Catalogue) =>
  handle(reserveInventory, async (goods, { uow, now }) => {
    const order = await loadOrder(uow, goods.order_id, systemPrincipal);
    if (order.status !== 'PENDING_PAYMENT') throw notPayable(order);
    if ((await catalogue.find(goods.product_sku, uow.tx))?.kind === 'service') return null;
    if (!(await reserve(uow.tx, goods, 'RESERVED', now))) throw outOfStock(goods);
    return null;
  });

/** The refusal for goods that are out of stock. */
export const outOfStock = ({ product_sku, quantity }: { product_sku: string; quantity: number }): Refusal =>
  new Refusal(
    'out_of_stock',
    `There are not ${quantity} of ${product_sku} left. GET /products shows how many are available.`,
  );

/** Compensation of `reserve_inventory` and of `allocate`: releases the goods of the order. */
export const releaseInventory = defineCommand({
  name: 'ReleaseInventory',
  input: z.strictObject({ order_id: opaqueId }),
  result: z.null(),
  roles: [],
});

/** Handles {@link releaseInventory}. */
export const releaseInventoryHandler = handle(releaseInventory, async ({ order_id }, { uow }) => {
  await loadOrder(uow, order_id, systemPrincipal);
  await release(uow.tx, order_id);
  return null;
});
