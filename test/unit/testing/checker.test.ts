import { findViolations } from '../../../testing/checker/checker';
import type { Snapshot } from '../../../testing/checker/snapshot.sql';
import type { TopicMessage } from '../../../testing/checker/topic-reader';
import { countDuplicates } from '../../../testing/checker/topic-rules';
import { paidOrderSnapshot } from '../../support/sagas/paid-order-snapshot';
import { logOf } from '../../support/sagas/snapshot-log';

const sound = paidOrderSnapshot();
const [order, invoice, payment, saga, booked] = [
  sound.orders[0],
  sound.invoices[0],
  sound.payments[0],
  sound.sagas[0],
  sound.ledger[0],
];
if (!order || !invoice || !payment || !saga || !booked) throw new Error('The snapshot has one of each.');

const terms = { sku: 'vps.s', name: 'VPS', kind: 'service', price: 9900, currency: 'EUR', stock: null };
const product = { ...terms, reserved: 0, version: 0 };
const productChange = { type: 'product.changed', payload: { ...terms, price: 1 } };

/** The order's messages at these places of its topic, and all other messages as they are. */
const orderMessages = (...versions: number[]): Pick<Snapshot, 'messages'> => {
  const ofOrder = (message: TopicMessage): boolean => message.topic === 'paysaga.order';
  const versionOf = ({ headers }: TopicMessage): number => Number(headers.ce_sequence);
  const picked = versions.flatMap((version) =>
    sound.messages.filter((message) => ofOrder(message) && versionOf(message) === version),
  );
  return { messages: [...sound.messages.filter((message) => !ofOrder(message)), ...picked] };
};

/** The order's messages as they were published, and these versions once more, as a replay. */
const withReplay = (...versions: number[]): Pick<Snapshot, 'messages'> => {
  const replayed = orderMessages(...versions).messages.slice(orderMessages().messages.length);
  const marked = replayed.map((message) => ({ ...message, headers: { ...message.headers, ce_replayid: 'rpl_1' } }));
  return { messages: [...sound.messages, ...marked] };
};

const broken: [rule: string, change: Partial<Snapshot>, violation: RegExp][] = [
  [
    'a ledger transaction that does not sum to zero',
    { ledger: [{ ...booked, entries: booked.entries.slice(0, 1) }] },
    /sums to -9900 EUR/,
  ],
  ['a payment that was settled without a credit', { ledger: [] }, /balance of customer:cus_1 EUR is 0/],
  ['money that was credited twice', { ledger: [booked, booked] }, /payment_credit of payment-pay_1 is booked 2 times/],
  ['a row that is not the fold of its events', { orders: [{ ...order, quantity: 2 }] }, /quantity is 2/],
  [
    'a conflict that its events do not tell',
    { payments: [{ ...payment, conflict: { ...payment, amount: 1 } }] },
    /payment pay_1: column conflict is .*amount/,
  ],
  ['a row without its last event', { events: sound.events.filter(({ type }) => type !== 'order.fulfilled') }, /status/],
  [
    'a product that is not what its last event says',
    {
      products: [{ ...product, version: 1 }],
      events: [...sound.events, ...logOf('product', 'vps.s', [productChange])],
    },
    /product vps.s: column price is 9900, its events say 1\b/,
  ],
  ['a gap in the versions', { events: sound.events.filter(({ type }) => type !== 'invoice.closed') }, /versions of/],
  ['an aggregate without a row', { payments: [] }, /payment pay_1 has events, and no row/],
  ['an invoice that does not follow its order', { invoices: [{ ...invoice, status: 'OPEN' }] }, /its invoice OPEN/],
  ['an order that nothing settled', { sagas: [] }, /0 sagas settled it/],
  ['an order that two sagas settled', { sagas: [saga, { ...saga, saga_id: 'payment-pay_2' }] }, /2 sagas settled it/],
  ['a saga that never ends', { sagas: [{ ...saga, state: 'running' }] }, /has not ended/],
  ['a compensated saga that keeps the invoice', { sagas: [{ ...saga, state: 'compensated' }] }, /still holds/],
  ['an event that is not on Kafka', orderMessages(1, 2), /evt_order_3 \(order.fulfilled\) is not on Kafka/],
  ['a message of an event that was rolled back', { events: sound.events.slice(1) }, /is not an event of the log/],
  ['an event that overtakes another', orderMessages(2, 1, 3), /came in the order 2, 1, 3/],
  ['a replay that leaves an event out', orderMessages(1, 2, 3, 1, 3), /came in the order/],
  ['an ordered replay whose events overtake each other', withReplay(3, 1), /replay rpl_1 of .* in the order 3, 1/],
  ['an event that waits in the outbox', { outbox: [{ event_id: 'evt_order_3', parked_at: null }] }, /pending/],
  ['an event that a consumer never applied', { inbox: sound.inbox.slice(1) }, /sales-projection has not applied/],
  [
    'a service that was provisioned twice',
    { provisionings: [...sound.provisionings, ...sound.provisionings] },
    /has 2/,
  ],
  [
    'a sale that was counted twice',
    { sales: [{ day: '2026-11-21', currency: 'EUR', orders: 2, amount: 19800, refunded_amount: 0 }] },
    /2 orders/,
  ],
];

describe('the consistency checker', () => {
  it('finds nothing in a paid, provisioned order', () => {
    expect(findViolations(sound)).toEqual([]);
  });

  it.each([[[1, 2, 3, 1, 2, 3]], [[1, 2, 2, 3]], [[1, 2, 3, 2, 3, 3]]])('takes %j for a replay', (versions) => {
    expect(findViolations({ ...sound, ...orderMessages(...versions) })).toEqual([]);
  });

  it.each([[[1, 3]], [[2]], [[1, 3, 1, 3]]])('lets an ordered replay of %j pass', (versions) => {
    expect(findViolations({ ...sound, ...withReplay(...versions) })).toEqual([]);
  });

  it('counts what was sent again as duplicates, and no ordered replay', () => {
    expect(countDuplicates(orderMessages(1, 2, 2, 3).messages)).toBe(1);
    expect(countDuplicates(withReplay(1, 2).messages)).toBe(0);
  });

  it.each(broken)('finds %s', (_, change, violation) => {
    expect(findViolations({ ...sound, ...change }).join('\n')).toMatch(violation);
  });
});
