import { z } from 'zod';
import { handle } from '../mediator/handler';
import { defineCommand, systemPrincipal } from '../mediator/message';
import { notPayable } from '../orders/order';
import { loadOrder } from '../orders/order-aggregate';
import { Refusal } from '../platform/refusal';
import { opaqueId } from '../platform/schemas';
import type { Catalogue } from './catalogue';
import { reserve } from './reservation.sql';

/** Step `reserve_inventory` of the order saga: reserves goods. No-op for a service. */
export const reserveInventory = defineCommand({
  name: 'ReserveInventory',
  input: z.strictObject({ order_id: opaqueId, product_sku: z.string(), quantity: z.int() }),
  result: z.null(),
  roles: [],
});

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
