import { z } from 'zod';
import type { Aggregate } from '../cqrs/unit-of-work';
import { defineEvent, type EventOf } from '../events/registry';
import { defineTable } from '../platform/database/table';
import { Refusal } from '../platform/refusal';
import { clientId, instant, opaqueId, outsideId, quantity, sku, text } from '../platform/schemas';

/** The shipment of an order: the row of `shipment` and the fold of its events. */
export interface Shipment {
  readonly shipment_id: string;
  readonly order_id: string;
  readonly customer_id: string;
  readonly product_sku: string;
  readonly quantity: number;
  readonly status: 'REQUESTED' | 'DONE' | 'FAILED';
  /** The carrier's id of the booking. */
  readonly booking_ref: string | null;
  readonly failure_code: string | null;
  readonly requested_at: string;
  readonly version: number;
}

/** A shipment to request. */
export type ShipmentRequest = Omit<Shipment, 'status' | 'booking_ref' | 'failure_code' | 'version'>;

/** A command on a shipment. */
export type ShipmentCommand =
  | { readonly type: 'request'; readonly shipment: ShipmentRequest }
  | { readonly type: 'dispatch'; readonly booking_ref: string }
  | { readonly type: 'fail'; readonly code: string };

/** Decides a command on a shipment. @throws Refusal `shipment_not_requested` */
export function decideShipment(command: ShipmentCommand, shipment: Shipment | undefined): ShipmentEvent[] {
  if (command.type === 'request') return [{ type: 'shipment.requested', payload: command.shipment }];
  if (!shipment) throw new Error(`There is no shipment to ${command.type}.`);
  const { shipment_id, order_id, status } = shipment;
  if (status !== 'REQUESTED') {
    throw new Refusal('shipment_not_requested', `Shipment ${shipment_id} of order ${order_id} is ${status}.`);
  }
  switch (command.type) {
    case 'dispatch':
      return [{ type: 'shipment.dispatched', payload: { shipment_id, order_id, booking_ref: command.booking_ref } }];
    case 'fail':
      return [{ type: 'shipment.failed', payload: { shipment_id, order_id, code: command.code } }];
    default:
      return command satisfies never;
  }
}

/** Applies an event to a shipment. The fold of a shipment's events is its row. */
export function evolveShipment(shipment: Shipment | undefined, event: ShipmentEvent): Shipment {
  if (event.type === 'shipment.requested') {
    return { ...event.payload, status: 'REQUESTED', booking_ref: null, failure_code: null, version: 1 };
  }
  if (!shipment) throw new Error(`${event.type} before shipment.requested: the event log is broken.`);
  switch (event.type) {
    case 'shipment.dispatched':
      return { ...shipment, status: 'DONE', booking_ref: event.payload.booking_ref };
    case 'shipment.failed':
      return { ...shipment, status: 'FAILED', failure_code: event.payload.code };
    default:
      return event satisfies never;
  }
}

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

/** The shipment as an aggregate. */
export const shipmentAggregate: Aggregate<Shipment, ShipmentEvent> = {
  type: 'shipment',
  table: defineTable('shipment', 'shipment_id'),
  evolve: evolveShipment,
};
