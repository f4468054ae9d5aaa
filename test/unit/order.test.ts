import {
  decideOrder,
  evolveOrder,
  type NewOrder,
  type Order,
  type OrderCommand,
  type OrderStatus,
} from '../../src/orders/order';
import type { OrderEvent } from '../../src/orders/order-events';
import { refusalCode } from '../support/refusal-code';

const product = { price: 9900, currency: 'EUR' };
const newOrder: NewOrder = {
  order_id: 'ord_1',
  customer_id: 'cus_1',
  product_sku: 'vps.s',
  quantity: 2,
  amount: 19_800,
  currency: 'EUR',
  collection_method: 'send_invoice',
  payment_method: null,
  invoice_id: 'inv_1',
  placed_at: '2026-11-21T00:00:00.000Z',
};
const order = (status: OrderStatus): Order => ({ ...newOrder, status, version: 1 });
const fold = (events: OrderEvent[], from?: Order): Order | undefined =>
  events.reduce<Order | undefined>((state, event) => evolveOrder(state, event), from);

describe('placing an order', () => {
  it('is PENDING_PAYMENT with all that was ordered', () => {
    const events = decideOrder({ type: 'place', order: newOrder, product }, undefined);
    expect(fold(events)).toEqual({ ...newOrder, status: 'PENDING_PAYMENT', version: 1 });
  });

  it.each([
    ['one cent less', { amount: 19_799 }],
    ['one cent more', { amount: 19_801 }],
    ['the price of one for two', { amount: 9_900 }],
    ['another currency', { currency: 'USD' }],
  ])('is refused for %s: a client never sets a price', (_name, difference) => {
    const command: OrderCommand = { type: 'place', order: { ...newOrder, ...difference }, product };
    expect(refusalCode(() => decideOrder(command, undefined))).toBe('price_mismatch');
  });
});

describe('an order goes', () => {
  it.each<[OrderStatus, OrderCommand, OrderStatus]>([
    ['PENDING_PAYMENT', { type: 'pay', payment_id: 'p' }, 'PAID'],
    ['PENDING_PAYMENT', { type: 'cancel', reason: null }, 'CANCELLED'],
    ['PAID', { type: 'fulfil' }, 'FULFILLED'],
    ['CANCELLED', { type: 'cancel', reason: null }, 'CANCELLED'],
    ['FULFILLED', { type: 'fulfil' }, 'FULFILLED'],
  ])('from %s by %j to %s', (from, command, to) => {
    expect(fold(decideOrder(command, order(from)), order(from))?.status).toBe(to);
  });

  it.each<[OrderStatus, OrderCommand, string]>([
    ['CANCELLED', { type: 'pay', payment_id: 'p' }, 'order_not_payable'],
    ['PAID', { type: 'pay', payment_id: 'p' }, 'order_not_payable'],
    ['PAID', { type: 'cancel', reason: null }, 'order_not_cancellable'],
    ['FULFILLED', { type: 'cancel', reason: null }, 'order_not_cancellable'],
    ['REFUND_DUE', { type: 'cancel', reason: null }, 'order_not_cancellable'],
    ['PENDING_PAYMENT', { type: 'fulfil' }, 'order_not_fulfillable'],
    ['CANCELLED', { type: 'fulfil' }, 'order_not_fulfillable'],
  ])('not from %s by %j: %s', (from, command, code) => {
    expect(refusalCode(() => decideOrder(command, order(from)))).toBe(code);
  });
});

it('refuses an event log that does not begin with order.placed', () => {
  expect(() => evolveOrder(undefined, { type: 'order.fulfilled', payload: { order_id: 'o' } })).toThrow(/broken/);
});
