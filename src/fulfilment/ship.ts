import { z } from 'zod';
import { type CommandContext, defineCommand, handle, systemPrincipal } from '../cqrs/message';
import type { UnitOfWork } from '../cqrs/unit-of-work';
import { decideOrder, loadOrder, type Order, orderAggregate } from '../domain/order';
import { decideShipment, shipmentAggregate } from '../domain/shipment';
import { allocateReserved, dispatchAllocated, outOfStock, reserve } from '../inventory/reservations';
import { opaqueId } from '../platform/schemas';
import { newId } from '../platform/values';
import { beginSaga, completeSaga } from '../sagas/saga';
import { type SagaFailure, shipmentSagaId, type ShipmentSagaInput } from '../temporal-contract';

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

/** Step `allocate` of the shipment saga: allocates the order's reservation, or stock if the order has none. */
export const allocateGoods = defineCommand({
  name: 'AllocateGoods',
  input: z.strictObject({ order_id: opaqueId, product_sku: z.string(), quantity: z.int() }),
  result: z.null(),
  roles: [],
});

/** Handles {@link allocateGoods}. */
export const allocateGoodsHandler = handle(allocateGoods, async (goods, { uow, now }) => {
  await loadOrder(uow, goods.order_id, systemPrincipal);
  if (await allocateReserved(uow.tx, goods.order_id)) return null;
  if (!(await reserve(uow.tx, goods, 'ALLOCATED', now))) throw outOfStock(goods);
  return null;
});

/** Step `dispatch`, the pivot of the shipment saga: dispatches the goods and fulfils their order. */
export const dispatchGoods = defineCommand({
  name: 'DispatchGoods',
  input: z.strictObject({ saga_id: z.string(), order_id: opaqueId, shipment_id: opaqueId, booking_ref: z.string() }),
  result: z.null(),
  roles: [],
});

/** Handles {@link dispatchGoods}. */
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

const booking = z.object({
  /** The idempotency key at the carrier. */
  key: z.string(),
  shipment_id: z.string(),
  order_id: z.string(),
  product_sku: z.string(),
  quantity: z.int(),
});

/**
 * The intent of the step `book_carrier`: returns the booking request. With its idempotency key the compensation knows that
 * a booking may exist. It changes nothing else.
 */
export const requestBooking = defineCommand({
  name: 'RequestBooking',
  input: z.strictObject({ shipment_id: opaqueId, order_id: opaqueId, product_sku: z.string(), quantity: z.int() }),
  result: booking,
  roles: [],
});

/** Handles {@link requestBooking}. */
export const requestBookingHandler = handle(requestBooking, async (goods) => ({ key: goods.shipment_id, ...goods }));

const booked = z.strictObject({ booking_ref: z.string() });

/** Records the carrier's booking, as the stored result of the step. */
export const recordBooking = defineCommand({ name: 'RecordBooking', input: booked, result: booked, roles: [] });

/** Handles {@link recordBooking}. */
export const recordBookingHandler = handle(recordBooking, async (booking) => booking);

/** Records that the carrier has cancelled the booking, if there was one. */
export const recordBookingCancelled = defineCommand({
  name: 'RecordBookingCancelled',
  input: z.strictObject({}),
  result: z.null(),
  roles: [],
});

/** Handles {@link recordBookingCancelled}. */
export const recordBookingCancelledHandler = handle(recordBookingCancelled, async () => null);

/** Marks the shipment of a compensated saga as failed. Its order shows whether the money was refunded. */
export async function failShipment(
  { shipment_id }: ShipmentSagaInput,
  { code }: SagaFailure,
  { uow }: { readonly uow: UnitOfWork },
): Promise<void> {
  const shipment = await uow.load(shipmentAggregate, shipment_id);
  uow.change(shipmentAggregate, shipment, decideShipment({ type: 'fail', code }, shipment));
}
