import type { ConsumerDefinition } from '../messaging/consumer/consumer';
import { isEvent } from '../messaging/consumer/received-event';
import { invoicePaidProvisionService } from '../payments/payment-events';
import { provisionService } from './provision-service';

/** Provisions or ships what was paid for. */
export const provisioningConsumer: ConsumerDefinition = {
  group: 'provisioning',
  topics: [invoicePaidProvisionService.topic],
  toCommand: (event) => (isEvent(invoicePaidProvisionService, event) ? provisionService(event.payload) : undefined),
};
