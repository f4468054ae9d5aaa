import { shipmentSagaId, type ShipmentSagaInput } from '../contract';
import type { CommandContext } from '../mediator/handler';
import type { Order } from '../orders/order';
import { newId } from '../platform/ids';
import { beginSaga } from '../sagas/begin-saga';
import { decideShipment } from './shipment';
import { shipmentAggregate } from './shipment-aggregate';

type Context = Pick<CommandContext, 'uow' | 'now' | 'correlationId'>;

/** Requests the shipment of paid goods and begins its saga, which the sweeper starts. */
export async function beginShipment(order: Order, { uow, now, correlationId }: Context): Promise<void> {
  const { order_id, invoice_id, customer_id, product_sku, quantity, amount, currency } = order;
  const { payment_id } = await uow.tx.payment.findFirstOrThrow({ where: { order_id, status: 'CAPTURED' } });
  const settled = await uow.tx.saga.findFirstOrThrow({
    where: { order_id, type: { in: ['payment', 'order'] }, state: 'completed' },
  });
  const shipment_id = newId('shp');
  const shipment = { shipment_id, order_id, customer_id, product_sku, quantity, requested_at: now };
  uow.change(shipmentAggregate, undefined, decideShipment({ type: 'request', shipment }, undefined));

  const input: ShipmentSagaInput = {
    saga_id: shipmentSagaId(order_id),
    order_id,
    customer_id,
    shipment_id,
    product_sku,
    quantity,
    payment_id,
    invoice_id,
    amount,
    currency,
    payment_saga_id: settled.saga_id,
    correlation_id: correlationId,
  };
  beginSaga(uow, 'shipment', input, now);
}
