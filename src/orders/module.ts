import { defineModule } from '../define-module';
import { orderEvents } from '../domain/order';
import type { Catalogue } from '../inventory/catalogue';
import { cancelOrderHandler } from './cancel-order';
import { createPlaceOrder } from './place-order';
import { getOrderHandler, listOrderEventsHandler, listOrdersHandler } from './queries';
import { createOrderRoutes } from './routes';
import { cancelUnpaidOrderHandler, findUnpaidOrdersHandler } from './unpaid-orders';

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
