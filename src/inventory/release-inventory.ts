import { z } from 'zod';
import { handle } from '../mediator/handler';
import { defineCommand, systemPrincipal } from '../mediator/message';
import { loadOrder } from '../orders/order-aggregate';
import { opaqueId } from '../platform/schemas';
import { release } from './reservation.sql';

/** Compensation of `reserve_inventory` and of `allocate`: releases the goods of the order. */
export const releaseInventory = defineCommand({
  name: 'ReleaseInventory',
  input: z.strictObject({ order_id: opaqueId }),
  result: z.null(),
  roles: [],
});

export const releaseInventoryHandler = handle(releaseInventory, async ({ order_id }, { uow }) => {
  await loadOrder(uow, order_id, systemPrincipal);
  await release(uow.tx, order_id);
  return null;
});
