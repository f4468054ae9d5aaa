import type { OrderStatus } from '../../orders/order';
import { discrepancy, type Discrepancy } from '../difference';

/** An order with the number of its captured and refunded payments. */
export interface OrderStatement {
  readonly order_id: string;
  readonly status: OrderStatus;
  readonly captured: number;
  readonly refunded: number;
  readonly in_motion: boolean;
}

/** The number of captured payments that an order in this status has. */
const CAPTURED: Record<OrderStatus, 0 | 1> = {
  PENDING_PAYMENT: 0,
  PAID: 1,
  FULFILLED: 1,
  REFUND_DUE: 1,
  CANCELLED: 0,
  REFUNDED: 0,
};

/** Compares an order with its payments. */
export function reconcileOrder({ order_id, status, captured, refunded, in_motion }: OrderStatement): Discrepancy[] {
  if (in_motion) return [];
  const due = CAPTURED[status];
  const more = `It is ${status}.`;
  if (captured !== due) {
    const counts = { expected: String(due), actual: String(captured) };
    return [discrepancy(captured < due ? 'order_unpaid' : 'order_overpaid', order_id, { ...counts, more })];
  }
  if (status === 'REFUNDED' && refunded < 1) {
    return [discrepancy('refund_missing', order_id, { expected: '1', actual: String(refunded), more })];
  }
  return [];
}
