import type { Aggregate } from '../mediator/aggregate';
import { defineTable } from '../platform/database/table';
import { evolveShipment, type Shipment } from './shipment';
import type { ShipmentEvent } from './shipment-events';

/** The shipment as an aggregate. */
export const shipmentAggregate: Aggregate<Shipment, ShipmentEvent> = {
  type: 'shipment',
  table: defineTable('shipment', 'shipment_id'),
  evolve: evolveShipment,
};
