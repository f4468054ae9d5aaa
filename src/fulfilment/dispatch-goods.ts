import { z } from 'zod';
import { dispatchAllocated } from '../inventory/reservation.sql';
import { handle } from '../mediator/handler';
import { defineCommand, systemPrincipal } from '../mediator/message';
import { decideOrder } from '../orders/order';
import { loadOrder, orderAggregate } from '../orders/order-aggregate';
import { opaqueId } from '../platform/schemas';
import { completeSaga } from '../sagas/complete-saga';
import { decideShipment } from './shipment';
import { shipmentAggregate } from './shipment-aggregate';

/** Step `dispatch`, the pivot of the shipment saga: dispatches the goods and fulfils their order. */
export const dispatchGoods = defineCommand({
  name: 'DispatchGoods',
  input: z.strictObject({ saga_id: z.string(), order_id: opaqueId, shipment_id: opaqueId, booking_ref: z.string() }),
  result: z.null(),
  roles: [],
});

export const dispatchGoodsHandler = handle(
  dispatchGoods,
  async ({ saga_id, order_id, shipment_id, booking_ref }, { uow, now }) => {
    const order = await loadOrder(uow, order_id, systemPrincipal);
    const shipment = await uow.load(shipmentAggregate, shipment_id);
    uow.change(shipmentAggregate, shipment, decideShipment({ type: 'dispatch', booking_ref }, shipment));
    uow.change(orderAggregate, order, decideOrder({ type: 'fulfil' }, order));
    if (!(await dispatchAllocated(uow.tx, order_id))) throw new Error(`Order ${order_id} holds no allocated goods.`);
    completeSaga(uow, { saga_id, result: { booking_ref }, now });
    return null;
  },
);
