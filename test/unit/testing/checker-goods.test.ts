import { findViolations } from '../../../testing/checker/checker';
import type { Snapshot } from '../../../testing/checker/snapshot.sql';
import { type GoodsEnd, goodsSnapshot } from '../../support/sagas/goods-snapshot';

/** Each row of a table with that change. */
function withEach<Table extends keyof Snapshot>(snapshot: Snapshot, table: Table, change: object): Partial<Snapshot> {
  const rows = snapshot[table] as readonly object[];
  return { [table]: rows.map((row) => ({ ...row, ...change })) } as Partial<Snapshot>;
}

const sagaEnds = (snapshot: Snapshot, type: string, state: string): Partial<Snapshot> => ({
  sagas: snapshot.sagas.map((saga) => (saga.type === type ? { ...saga, state } : saga)),
});

const broken: [rule: string, end: GoodsEnd, change: (sound: Snapshot) => Partial<Snapshot>, violation: RegExp][] = [
  // Charges and the providers' books
  [
    'a charge that nobody recorded',
    'sent',
    (of) => withEach(of, 'charges', { state: 'asked' }),
    /asked, its payment CAP/,
  ],
  [
    'a refused charge that is paid',
    'sent',
    (of) => withEach(of, 'charges', { state: 'refused' }),
    /refused, its payment/,
  ],
  [
    'a refund that kept its payment',
    'sent',
    (of) => withEach(of, 'charges', { state: 'refunded' }),
    /refunded, its pay/,
  ],
  ['a charge that the provider does not have', 'sent', () => ({ books: [] }), /charged here; the provider took 0/],
  ['a charge without a request of ours', 'sent', () => ({ charges: [] }), /is charged without a request of ours/],
  ['a charge of another amount', 'sent', (of) => withEach(of, 'books', { amount: 1 }), /provider took 1, /],
  [
    'a charge by another provider',
    'sent',
    (of) => withEach(of, 'books', { provider: 'standby' }),
    /standby.*without a request/,
  ],
  [
    'money that the provider paid back alone',
    'sent',
    (of) => withEach(of, 'books', { refunded_amount: 1_500 }),
    /charged here; the provider took 1500, refunded 1500/,
  ],
  [
    'money that the provider did not pay back',
    'refunded',
    (of) => withEach(of, 'books', { refunded_amount: 0 }),
    /refunded here; the provider took 1500, refunded 0/,
  ],
  [
    'money that both the provider and an operator paid back',
    'repaid',
    (of) => withEach(of, 'books', { refunded_amount: 1_500 }),
    /charged here; the provider took 1500, refunded 1500/,
  ],
  [
    'a refund that no operator was asked for, and no provider made',
    'refunded',
    (of) => ({ ...withEach(of, 'charges', { state: 'charged' }), ...withEach(of, 'books', { refunded_amount: 0 }) }),
    /is charged, its payment REFUNDED/,
  ],
  // Stock and shipments
  [
    'goods that are held for nobody',
    'sent',
    (of) => withEach(of, 'products', { reserved: 1 }),
    /1 of mug are reserved/,
  ],
  [
    'goods that were never dispatched',
    'sent',
    (of) => withEach(of, 'reservations', { state: 'ALLOCATED' }),
    /is FULFILLED, and its goods are ALLOCATED/,
  ],
  [
    'goods that left although they were paid back',
    'refunded',
    (of) => withEach(of, 'reservations', { state: 'DISPATCHED' }),
    /is REFUNDED, and its goods are DISPATCHED/,
  ],
  [
    'goods that were fulfilled without a shipment',
    'sent',
    () => ({ shipments: [] }),
    /shipment and saga are undefined, c/,
  ],
  ['a shipment without a saga', 'sent', (of) => ({ sagas: of.sagas.slice(0, 1) }), /saga are DONE, undefined/],
  ['a shipment that is stuck', 'owed', (of) => sagaEnds(of, 'shipment', 'stuck'), /saga are FAILED, stuck/],
  [
    'paid goods that nobody ships',
    'sent',
    (of) => ({ ...withEach(of, 'orders', { status: 'PAID' }), shipments: [], sagas: of.sagas.slice(0, 1) }),
    /is PAID, and has no shipment/,
  ],
  [
    'goods that were shipped before they were paid',
    'sent',
    (of) => withEach(of, 'orders', { status: 'PENDING_PAYMENT' }),
    /is PENDING_PAYMENT; shipment and saga are DONE, completed/,
  ],
  // Payments
  ['a credit that was not reversed', 'refunded', (of) => ({ ledger: of.ledger.slice(0, 1) }), /with 1 ledger transac/],
  [
    'a credit of what is owed',
    'owed',
    (of) => ({ ledger: of.ledger.slice(0, 1) }),
    /balance of customer:cus_1 EUR is 1500/,
  ],
  ['a credit that was reversed for nothing', 'sent', () => ({ ledger: goodsSnapshot('owed').ledger }), /with 2 ledger/],
  [
    'an order that is paid back, whose payment is not',
    'refunded',
    (of) => withEach(of, 'payments', { status: 'CAPTURED' }),
    /the order REFUNDED, and the payment CAPTURED/,
  ],
  [
    'an order saga without its charge',
    'sent',
    withoutStep('charge'),
    /completed with the steps reserve_inventory, close/,
  ],
  ['an order saga that is stuck', 'sent', (of) => sagaEnds(of, 'order', 'stuck'), /has not ended, it is stuck/],
  [
    'a compensated order saga whose order is paid',
    'sent',
    (of) => sagaEnds(of, 'order', 'compensated'),
    /compensated, and the order is FULFILLED/,
  ],
  [
    'a refund that no sales figure tells',
    'refunded',
    (of) => withEach(of, 'sales', { refunded_amount: 0 }),
    /1500 refunded/,
  ],
];

function withoutStep(name: string) {
  return ({ sagas }: Snapshot): Partial<Snapshot> => ({
    sagas: sagas.map((saga) => ({ ...saga, steps: saga.steps.filter((step) => step.name !== name) })),
  });
}

describe('the consistency checker, of goods that a provider charged', () => {
  it.each<GoodsEnd>(['sent', 'refunded', 'owed', 'repaid'])('finds nothing when they are %s', (end) => {
    expect(findViolations(goodsSnapshot(end))).toEqual([]);
  });

  it.each(broken)('finds %s', (_, end, change, violation) => {
    const sound = goodsSnapshot(end);
    expect(findViolations({ ...sound, ...change(sound) }).join('\n')).toMatch(violation);
  });
});
