import { defineModule } from '../define-module';
import { provisioningEvents } from '../domain/provisioning';
import { shipmentEvents } from '../domain/shipment';
import type { Catalogue } from '../inventory/catalogue';
import { createProvisionService, provisioningConsumer } from './provision';
import {
  allocateGoodsHandler,
  dispatchGoodsHandler,
  recordBookingCancelledHandler,
  recordBookingHandler,
  requestBookingHandler,
} from './ship';

/** The module of fulfilment. */
export const fulfilmentModule = defineModule({
  events: [...provisioningEvents, ...shipmentEvents],
  handlers: ({ catalogue }: { readonly catalogue: Catalogue }) => [
    createProvisionService(catalogue),
    allocateGoodsHandler,
    requestBookingHandler,
    recordBookingHandler,
    recordBookingCancelledHandler,
    dispatchGoodsHandler,
  ],
  consumers: [provisioningConsumer],
});
