import { z } from 'zod';
import { defineCommand, handle, systemPrincipal } from '../cqrs/message';
import type { Aggregate } from '../cqrs/unit-of-work';
import { decideOrder, loadOrder, orderAggregate } from '../domain/order';
import { invoicePaidProvisionService } from '../domain/payment';
import { evolveProvisioning, provision, type Provisioning, type ProvisioningEvent } from '../domain/provisioning';
import type { Catalogue } from '../inventory/catalogue';
import type { ConsumerDefinition } from '../kafka/received-event';
import { isEvent } from '../kafka/received-event';
import { defineTable } from '../platform/database/table';
import { newId } from '../platform/values';
import { beginShipment } from './ship';

const provisioningAggregate: Aggregate<Provisioning, ProvisioningEvent> = {
  type: 'service',
  table: defineTable('service_provisioning', 'provisioning_id'),
  evolve: evolveProvisioning,
};

/** Handles `invoice_paid.provision_service`: provisions a service at once, or begins the shipment saga of goods. */
export const provisionService = defineCommand({
  name: 'ProvisionService',
  input: invoicePaidProvisionService.payload,
  result: z.null(),
  roles: [],
});

/** Creates the handler of {@link provisionService}. */
export const createProvisionService = (catalogue: Catalogue) =>
  handle(provisionService, async ({ order_id, customer_id, product_sku, invoice_id }, context) => {
    const { uow, now } = context;
    const product = await catalogue.find(product_sku, uow.tx);
    if (!product) throw new Error(`Product ${product_sku} of order ${order_id} is not in the catalogue.`);
    const order = await loadOrder(uow, order_id, systemPrincipal);
    if (product.kind === 'goods') {
      await beginShipment(order, context);
      return null;
    }
    const request = {
      provisioning_id: newId('svc'),
      order_id,
      customer_id,
      product_sku,
      invoice_id,
      requested_at: now,
    };
    uow.change(provisioningAggregate, undefined, provision(request));
    uow.change(orderAggregate, order, decideOrder({ type: 'fulfil' }, order));
    return null;
  });

/** Provisions or ships what was paid for. */
export const provisioningConsumer: ConsumerDefinition = {
  group: 'provisioning',
  topics: [invoicePaidProvisionService.topic],
  toCommand: (event) => (isEvent(invoicePaidProvisionService, event) ? provisionService(event.payload) : undefined),
};
