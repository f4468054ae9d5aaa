import type { ConsumerDefinition } from '../messaging/consumer';
import { isEvent } from '../messaging/received-event';
import { orderPaid } from '../orders/order-events';
import { recordSale } from './record-sale';

/** Keeps `sales_daily` from the orders' stream. */
export const salesConsumer: ConsumerDefinition = {
  group: 'sales-projection',
  topics: [orderPaid.topic],
  toCommand(event) {
    if (!isEvent(orderPaid, event)) return undefined;
    const { amount, currency } = event.payload;
    return recordSale({ day: new Date(event.occurred_at).toISOString().slice(0, 10), currency, amount });
  },
};
