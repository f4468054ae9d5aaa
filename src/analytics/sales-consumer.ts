import type { ConsumerDefinition } from '../messaging/consumer/consumer';
import { isEvent } from '../messaging/consumer/received-event';
import { orderPaid, orderRefunded } from '../orders/order-events';
import { recordSale } from './record-sale';

/** Updates `sales_daily` from the events of orders. */
export const salesConsumer: ConsumerDefinition = {
  group: 'sales-projection',
  topics: [orderPaid.topic],
  toCommand(event) {
    const day = new Date(event.occurred_at).toISOString().slice(0, 10);
    if (isEvent(orderPaid, event)) {
      const { amount, currency } = event.payload;
      return recordSale({ day, currency, orders: 1, amount, refunded_amount: 0 });
    }
    if (isEvent(orderRefunded, event)) {
      const { amount, currency } = event.payload;
      return recordSale({ day, currency, orders: 0, amount: 0, refunded_amount: amount });
    }
    return undefined;
  },
};
