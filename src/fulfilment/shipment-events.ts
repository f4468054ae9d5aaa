import { z } from 'zod';
import { defineEvent, type EventOf } from '../outbox/event-registry';

const topic = 'paysaga.shipment';
const reference = { shipment_id: z.string(), order_id: z.string() };

const shipmentRequested = defineEvent({
  type: 'shipment.requested',
  dataVersion: 1,
  topic,
  payload: z.object({
    ...reference,
    customer_id: z.string(),
    product_sku: z.string(),
    quantity: z.int(),
    requested_at: z.string(),
  }),
});

const shipmentDispatched = defineEvent({
  type: 'shipment.dispatched',
  dataVersion: 1,
  topic,
  payload: z.object({ ...reference, booking_ref: z.string() }),
});

const shipmentFailed = defineEvent({
  type: 'shipment.failed',
  dataVersion: 1,
  topic,
  payload: z.object({ ...reference, code: z.string() }),
});

export const shipmentEvents = [shipmentRequested, shipmentDispatched, shipmentFailed] as const;
export type ShipmentEvent = EventOf<(typeof shipmentEvents)[number]>;
