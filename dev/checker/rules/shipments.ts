import type { ReservationRow, Snapshot } from '../snapshot';
import { sumBy } from './group';

/** Stock, shipments and their orders agree. */
export function checkShipments(snapshot: Snapshot): string[] {
  return [...checkStock(snapshot), ...checkReservations(snapshot), ...checkEnds(snapshot)];
}

const isHeld = ({ state }: ReservationRow): boolean => state === 'RESERVED' || state === 'ALLOCATED';

function checkStock({ products, reservations }: Snapshot): string[] {
  const held = sumBy(
    reservations.filter(isHeld).map(({ product_sku, quantity }) => ({ product_sku, amount: quantity })),
    ({ product_sku }) => product_sku,
  );
  return products
    .filter(({ sku, reserved }) => reserved !== (held.get(sku) ?? 0))
    .map(({ sku, reserved }) => `${reserved} of ${sku} are reserved, by orders ${held.get(sku) ?? 0}`);
}

/** At rest nobody holds goods: they have left, or are back on the shelf. */
function checkReservations({ reservations, orders }: Snapshot): string[] {
  const statusOf = new Map(orders.map(({ order_id, status }) => [order_id, status]));
  return reservations.flatMap(({ order_id, state }) => {
    const expected = statusOf.get(order_id) === 'FULFILLED' ? 'DISPATCHED' : 'RELEASED';
    return state === expected ? [] : [`order ${order_id} is ${statusOf.get(order_id)}, and its goods are ${state}`];
  });
}

/** One shipment per order of goods that was paid: dispatched and fulfilled, or failed and paid back. */
function checkEnds({ shipments, sagas, orders, products }: Snapshot): string[] {
  const goods = new Set(products.filter(({ kind }) => kind === 'goods').map(({ sku }) => sku));
  const shipmentOf = new Map(shipments.map((shipment) => [shipment.order_id, shipment.status]));
  const sagaOf = new Map(sagas.filter(({ type }) => type === 'shipment').map((saga) => [saga.order_id, saga.state]));
  const ends: Partial<Record<string, readonly [shipment: string, saga: string]>> = {
    FULFILLED: ['DONE', 'completed'],
    REFUNDED: ['FAILED', 'compensated'],
    REFUND_DUE: ['FAILED', 'compensated'],
  };
  return orders
    .filter(({ product_sku }) => goods.has(product_sku))
    .flatMap(({ order_id, status }) => {
      if (status === 'PAID' && !shipmentOf.has(order_id)) return [`order ${order_id} is PAID, and nobody ships it`];
      const [shipment, saga] = ends[status] ?? [];
      const found = `${shipmentOf.get(order_id)}, ${sagaOf.get(order_id)}`;
      return found === `${shipment}, ${saga}` ? [] : [`order ${order_id} is ${status}; shipment and saga are ${found}`];
    });
}
