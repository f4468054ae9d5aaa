import { defineModule } from '../define-module';
import { orderEvents } from '../domain/order';
import type { Catalogue } from '../inventory/catalogue';
import { type CancelOrderRouteDeps, cancelOrderHandler, createCancelOrderRoute } from './cancel-order';
import { createPlaceOrder, createPlaceOrderRoute, type PlaceOrderRouteDeps } from './place-order';
import {
  createGetOrderRoute,
  createListOrderEventsRoute,
  createListOrdersRoute,
  getOrderHandler,
  listOrderEventsHandler,
  listOrdersHandler,
} from './queries';
import { cancelUnpaidOrderHandler, findUnpaidOrdersHandler } from './unpaid-orders';

/** What the routes need. */
export type OrderRouteDeps = PlaceOrderRouteDeps & CancelOrderRouteDeps;

/** The module of orders. */
export const ordersModule = defineModule<{ readonly catalogue: Catalogue }, OrderRouteDeps>({
  events: orderEvents,
  handlers: ({ catalogue }) => [
    createPlaceOrder(catalogue),
    cancelOrderHandler,
    getOrderHandler,
    listOrdersHandler,
    listOrderEventsHandler,
    findUnpaidOrdersHandler,
    cancelUnpaidOrderHandler,
  ],
  routes: [
    createPlaceOrderRoute,
    createListOrdersRoute,
    createGetOrderRoute,
    createCancelOrderRoute,
    createListOrderEventsRoute,
  ],
});
