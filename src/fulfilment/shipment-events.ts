import { z } from 'zod';
import { defineEvent, type EventOf } from '../outbox/event-registry';
import { clientId, instant, opaqueId, outsideId, quantity, sku, text } from '../platform/schemas';

const topic = 'paysaga.shipment';
const reference = { shipment_id: opaqueId, order_id: opaqueId };

const shipmentRequested = defineEvent({
  type: 'shipment.requested',
  dataVersion: 1,
  topic,
  payload: z.object({
    ...reference,
    customer_id: clientId,
    product_sku: sku,
    quantity,
    requested_at: instant,
  }),
});

const shipmentDispatched = defineEvent({
  type: 'shipment.dispatched',
  dataVersion: 1,
  topic,
  payload: z.object({ ...reference, booking_ref: outsideId }),
});

const shipmentFailed = defineEvent({
  type: 'shipment.failed',
  dataVersion: 1,
  topic,
  payload: z.object({ ...reference, code: text(100) }),
});

/** The events of a shipment. */
export const shipmentEvents = [shipmentRequested, shipmentDispatched, shipmentFailed] as const;
/** An event of a shipment. */
export type ShipmentEvent = EventOf<(typeof shipmentEvents)[number]>;
