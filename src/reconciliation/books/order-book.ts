import type { OrderStatus } from '../../orders/order';
import { difference, type Difference } from '../difference';

/** An order, and how many payments of it were made, and paid back. */
export interface OrderBook {
  readonly order_id: string;
  readonly status: OrderStatus;
  readonly captured: number;
  readonly refunded: number;
  readonly in_motion: boolean;
}

/** How many payments of an order are made, and not paid back. */
const CAPTURED: Record<OrderStatus, 0 | 1> = {
  PENDING_PAYMENT: 0,
  PAID: 1,
  FULFILLED: 1,
  REFUND_DUE: 1,
  CANCELLED: 0,
  REFUNDED: 0,
};

export function reconcileOrder({ order_id, status, captured, refunded, in_motion }: OrderBook): Difference[] {
  if (in_motion) return [];
  const due = CAPTURED[status];
  const more = `It is ${status}.`;
  if (captured !== due) {
    const counts = { expected: String(due), actual: String(captured) };
    return [difference(captured < due ? 'order_unpaid' : 'order_overpaid', order_id, { ...counts, more })];
  }
  if (status === 'REFUNDED' && refunded < 1) {
    return [difference('refund_missing', order_id, { expected: '1', actual: String(refunded), more })];
  }
  return [];
}
