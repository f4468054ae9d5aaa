import type { SagaFailure, ShipmentSagaInput } from '../contract';
import type { UnitOfWork } from '../mediator/unit-of-work';
import { decideShipment } from './shipment';
import { shipmentAggregate } from './shipment-aggregate';

/** Marks the shipment of a compensated saga as failed. Its order shows whether the money was refunded. */
export async function failShipment(
  { shipment_id }: ShipmentSagaInput,
  { code }: SagaFailure,
  { uow }: { readonly uow: UnitOfWork },
): Promise<void> {
  const shipment = await uow.load(shipmentAggregate, shipment_id);
  uow.change(shipmentAggregate, shipment, decideShipment({ type: 'fail', code }, shipment));
}
