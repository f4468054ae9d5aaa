import { defineModule } from '../define-module';
import type { Catalogue } from '../inventory/catalogue';
import { allocateGoodsHandler } from './allocate-goods';
import { dispatchGoodsHandler } from './dispatch-goods';
import { createProvisionService } from './provision-service';
import { provisioningConsumer } from './provisioning-consumer';
import { provisioningEvents } from './provisioning-events';
import { recordBookingCancelledHandler, recordBookingHandler } from './record-booking';
import { requestBookingHandler } from './request-booking';
import { shipmentEvents } from './shipment-events';

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
