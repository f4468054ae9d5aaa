import { z } from 'zod';
import { defineEvent, type EventOf } from '../outbox/event-registry';

const topic = 'paysaga.service';
const reference = { provisioning_id: z.string(), order_id: z.string() };

const serviceRequested = defineEvent({
  type: 'service.requested',
  dataVersion: 1,
  topic,
  payload: z.object({
    ...reference,
    customer_id: z.string(),
    product_sku: z.string(),
    invoice_id: z.string(),
    requested_at: z.string(),
  }),
});

const serviceProvisioned = defineEvent({
  type: 'service.provisioned',
  dataVersion: 1,
  topic,
  payload: z.object(reference),
});

export const provisioningEvents = [serviceRequested, serviceProvisioned] as const;
export type ProvisioningEvent = EventOf<(typeof provisioningEvents)[number]>;
