import { z } from 'zod';
import { handle } from '../mediator/handler';
import { defineCommand, systemPrincipal } from '../mediator/message';
import { allocateReserved, reserve } from '../inventory/reservation.sql';
import { outOfStock } from '../inventory/reserve-inventory';
import { loadOrder } from '../orders/order-aggregate';
import { opaqueId } from '../platform/schemas';

/** Step `allocate` of the shipment saga: allocates the order's reservation, or stock if the order has none. */
export const allocateGoods = defineCommand({
  name: 'AllocateGoods',
  input: z.strictObject({ order_id: opaqueId, product_sku: z.string(), quantity: z.int() }),
  result: z.null(),
  roles: [],
});

export const allocateGoodsHandler = handle(allocateGoods, async (goods, { uow, now }) => {
  await loadOrder(uow, goods.order_id, systemPrincipal);
  if (await allocateReserved(uow.tx, goods.order_id)) return null;
  if (!(await reserve(uow.tx, goods, 'ALLOCATED', now))) throw outOfStock(goods);
  return null;
});
