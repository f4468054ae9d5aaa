import fc from 'fast-check';
import {
  decideOrder,
  evolveOrder,
  type NewOrder,
  type Order,
  type OrderCommand,
  type OrderEvent,
  type OrderStatus,
} from '../../../src/domain/order';
import { playCommands } from '../../support/model/play-commands';
import { refusalCode } from '../../support/refusal-code';

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
  ])('is refused for %s, because a client never sets a price', (_name, difference) => {
    const command: OrderCommand = { type: 'place', order: { ...newOrder, ...difference }, product };
    expect(refusalCode(() => decideOrder(command, undefined))).toBe('price_mismatch');
  });
});

type Change = Exclude<OrderCommand['type'], 'place'>;
const commands: Record<Change, OrderCommand> = {
  pay: { type: 'pay', payment_id: 'pay_1' },
  fulfil: { type: 'fulfil' },
  cancel: { type: 'cancel', reason: null },
  owe_refund: { type: 'owe_refund', reason: 'It was paid outside.' },
  refund: { type: 'refund', reference: 're_1' },
};
const [payable, fulfillable, cancellable, refundable] = [
  'order_not_payable',
  'order_not_fulfillable',
  'order_not_cancellable',
  'order_not_refundable',
];
/** Where each command leads from each state, or why it leads nowhere. */
const ends: Record<OrderStatus, Record<Change, string>> = {
  PENDING_PAYMENT: {
    pay: 'PAID',
    fulfil: fulfillable,
    cancel: 'CANCELLED',
    owe_refund: refundable,
    refund: refundable,
  },
  PAID: { pay: payable, fulfil: 'FULFILLED', cancel: cancellable, owe_refund: 'REFUND_DUE', refund: 'REFUNDED' },
  FULFILLED: {
    pay: payable,
    fulfil: 'FULFILLED',
    cancel: cancellable,
    owe_refund: refundable,
    refund: refundable,
  },
  CANCELLED: { pay: payable, fulfil: fulfillable, cancel: 'CANCELLED', owe_refund: refundable, refund: refundable },
  REFUND_DUE: { pay: payable, fulfil: fulfillable, cancel: cancellable, owe_refund: refundable, refund: 'REFUNDED' },
  REFUNDED: { pay: payable, fulfil: fulfillable, cancel: cancellable, owe_refund: refundable, refund: refundable },
};
const changes = Object.keys(commands) as Change[];
const cases = (Object.keys(ends) as OrderStatus[]).flatMap((from) =>
  changes.map((change) => ({ from, change, end: ends[from][change] })),
);

it.each(cases)('from $from, $change ends in $end', ({ from, change, end }) => {
  let after: Order | undefined = order(from);
  const code = refusalCode(() => (after = fold(decideOrder(commands[change], after), order(from))));
  expect(code ?? after?.status).toBe(end);
});

it('refunds the whole amount, with a reason', () => {
  const money = { order_id: 'ord_1', amount: 19_800, currency: 'EUR' };
  expect(decideOrder(commands.owe_refund, order('PAID'))).toEqual([
    { type: 'order.refund_due', payload: { ...money, reason: 'It was paid outside.' } },
  ]);
  expect(decideOrder(commands.refund, order('REFUND_DUE'))).toEqual([
    { type: 'order.refunded', payload: { ...money, reference: 're_1' } },
  ]);
});

it('is the fold of its events under any commands, paid once and refunded once', () => {
  const asked = fc.array(fc.constantFrom(...changes), { maxLength: 12 });
  fc.assert(
    fc.property(asked, (acts) => {
      const place: OrderCommand = { type: 'place', order: newOrder, product };
      const orders = { decide: decideOrder, evolve: evolveOrder };
      const { state, folded, events } = playCommands(orders, [place, ...acts.map((act) => commands[act])]);
      expect(folded).toEqual(state);
      const count = (type: OrderEvent['type']): number => events.filter((event) => event.type === type).length;
      expect(count('order.paid') + count('order.cancelled')).toBeLessThanOrEqual(1);
      expect(count('order.fulfilled') + count('order.refunded')).toBeLessThanOrEqual(count('order.paid'));
      expect(state?.status === 'REFUNDED').toBe(count('order.refunded') === 1);
    }),
  );
});

it.each(changes)('cannot %s before it is placed', (change) => {
  expect(() => decideOrder(commands[change], undefined)).toThrow(/There is no order/);
});

it('refuses an event log that does not begin with order.placed', () => {
  expect(() => evolveOrder(undefined, { type: 'order.fulfilled', payload: { order_id: 'o' } })).toThrow(/broken/);
});
