import { defineModule } from '../define-module';
import type { Catalogue } from '../inventory/catalogue';
import {
  allocateGoodsHandler,
  dispatchGoodsHandler,
  recordBookingCancelledHandler,
  recordBookingHandler,
  requestBookingHandler,
} from './ship';
import { createProvisionService, provisioningConsumer } from './provision';
import { provisioningEvents } from '../domain/provisioning';
import { shipmentEvents } from '../domain/shipment';

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
