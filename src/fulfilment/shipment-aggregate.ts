import type { Aggregate } from '../mediator/aggregate';
import { evolveShipment, type Shipment } from './shipment';
import type { ShipmentEvent } from './shipment-events';

/** The shipment as an aggregate. */
export const shipmentAggregate: Aggregate<Shipment, ShipmentEvent> = {
  type: 'shipment',
  table: 'shipment',
  idColumn: 'shipment_id',
  evolve: evolveShipment,
};
