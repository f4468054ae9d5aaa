import { defineModule } from '../define-module';
import type { Catalogue } from '../inventory/catalogue';
import { cancelOrderHandler } from './cancel-order';
import { getOrderHandler } from './get-order';
import { listOrderEventsHandler } from './list-order-events';
import { listOrdersHandler } from './list-orders';
import { orderEvents } from './order-events';
import { createPlaceOrder } from './place-order';
import { createOrderRoutes } from './routes';
import { cancelUnpaidOrderHandler } from './unpaid/cancel-unpaid-order';
import { findUnpaidOrdersHandler } from './unpaid/find-unpaid-orders';

export const ordersModule = defineModule({
  events: orderEvents,
  handlers: ({ catalogue }: { readonly catalogue: Catalogue }) => [
    createPlaceOrder(catalogue),
    cancelOrderHandler,
    getOrderHandler,
    listOrdersHandler,
    listOrderEventsHandler,
    findUnpaidOrdersHandler,
    cancelUnpaidOrderHandler,
  ],
  routes: [createOrderRoutes],
});
