import type { SagaFailure, ShipmentSagaInput } from '../contract';
import type { UnitOfWork } from '../mediator/unit-of-work';
import { decideShipment } from './shipment';
import { shipmentAggregate } from './shipment-aggregate';

/** A shipment whose saga was compensated has failed; what became of the money, its order says. */
export async function failShipment(
  { shipment_id }: ShipmentSagaInput,
  { code }: SagaFailure,
  { uow }: { readonly uow: UnitOfWork },
): Promise<void> {
  const shipment = await uow.load(shipmentAggregate, shipment_id);
  uow.change(shipmentAggregate, shipment, decideShipment({ type: 'fail', code }, shipment));
}
