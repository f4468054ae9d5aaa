import { z } from 'zod';
import { defineEvent, type EventOf } from '../outbox/event-registry';
import { clientId, instant, opaqueId, sku } from '../platform/schemas';

const topic = 'paysaga.service';
const reference = { provisioning_id: opaqueId, order_id: opaqueId };

const serviceRequested = defineEvent({
  type: 'service.requested',
  dataVersion: 1,
  topic,
  payload: z.object({
    ...reference,
    customer_id: clientId,
    product_sku: sku,
    invoice_id: opaqueId,
    requested_at: instant,
  }),
});

const serviceProvisioned = defineEvent({
  type: 'service.provisioned',
  dataVersion: 1,
  topic,
  payload: z.object(reference),
});

/** The events of a provisioning. */
export const provisioningEvents = [serviceRequested, serviceProvisioned] as const;
/** An event of a provisioning. */
export type ProvisioningEvent = EventOf<(typeof provisioningEvents)[number]>;
