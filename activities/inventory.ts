import type { OrderSagaInput } from '../src/contract';
import { releaseInventory } from '../src/inventory/release-inventory';
import { reserveInventory } from '../src/inventory/reserve-inventory';
import type { StepSender } from './send-step';

/** Creates the steps on the stock. */
export const createInventoryActivities = (steps: StepSender) => ({
  async reserveInventory(saga: OrderSagaInput): Promise<void> {
    const { order_id, product_sku, quantity } = saga;
    const message = reserveInventory({ order_id, product_sku, quantity });
    await steps.execute({ saga, step: 'reserve_inventory', point: 'inventory.reserve', message });
  },

  async releaseInventory(saga: OrderSagaInput): Promise<void> {
    const message = releaseInventory({ order_id: saga.order_id });
    await steps.compensate({ saga, step: 'reserve_inventory', point: 'inventory.release', message });
  },
});
