import fc from 'fast-check';
import type { OrderStatus } from '../../../src/domain/order';
import {
  type DiscrepancyKind,
  dueCredit,
  noStatements,
  type PaymentStatement,
  reconcile,
  type Statements,
} from '../../../src/reconciliation/reconcile';

/** A paid order, or one that is not, as it ends; paid through a provider, or outside. */
const endings = [
  { order_status: 'PAID', status: 'CAPTURED', state: 'charged' },
  { order_status: 'FULFILLED', status: 'CAPTURED', state: 'charged' },
  { order_status: 'REFUND_DUE', status: 'CAPTURED', state: 'charged' },
  { order_status: 'REFUNDED', status: 'REFUNDED', state: 'refunded' },
  { order_status: 'REFUNDED', status: 'REFUNDED', state: 'charged' },
  { order_status: 'CANCELLED', status: 'FAILED', state: 'refused' },
  { order_status: 'CANCELLED', status: 'FAILED', state: 'refunded' },
  { order_status: 'PENDING_PAYMENT', status: 'FAILED', state: 'asked' },
] as const;

const money = fc.record({ amount: fc.integer({ min: 1, max: 1e12 }), currency: fc.constantFrom('EUR', 'USD') });

/** What the books say of a payment when everything agrees. */
const payment = fc
  .record({ ending: fc.constantFrom(...endings), money, outside: fc.boolean(), comparable: fc.boolean() })
  .map(({ ending: { state, ...statuses }, money, outside, comparable }): PaymentStatement => {
    const taken = state === 'charged' || state === 'refunded';
    const book: PaymentStatement = {
      payment_id: 'pay_1',
      ...statuses,
      ...money,
      credited: 0,
      charge: outside ? null : { ...money, provider: 'test', state },
      theirs: !outside && comparable && taken ? { ...money, refunded_amount: refundedAt(state, money.amount) } : null,
      conflict: null,
      refused: null,
      comparable,
      in_motion: false,
    };
    return { ...book, credited: dueCredit(book) };
  });
const refundedAt = (state: string, amount: number): number => (state === 'refunded' ? amount : 0);

const CAPTURED: Record<OrderStatus, number> = {
  PENDING_PAYMENT: 0,
  PAID: 1,
  FULFILLED: 1,
  REFUND_DUE: 1,
  CANCELLED: 0,
  REFUNDED: 0,
};

/** Books of a world in which everything agrees: orders, their payments, and all that follows. */
const world = fc.array(payment, { maxLength: 20 }).map((payments): Statements => {
  const named = payments.map((one, index) => ({ ...one, payment_id: `pay_${index}` }));
  return {
    payments: named,
    charges: named.flatMap(({ payment_id, charge }, index) =>
      charge ? [{ ...charge, charge_ref: `ch_${index}`, payment_id, known: true, in_motion: false }] : [],
    ),
    orders: named.map(({ order_status }, index) => ({
      order_id: `ord_${index}`,
      status: order_status,
      captured: CAPTURED[order_status],
      refunded: order_status === 'REFUNDED' ? 1 : 0,
      in_motion: false,
    })),
    customers: named.map((one, index) => ({
      customer_id: `cus_${index}`,
      currency: one.currency,
      balance: dueCredit(one),
      paid: dueCredit(one),
    })),
    transactions: named.map(({ currency }, index) => ({ ledger_transaction_id: `ltx_${index}`, currency, sum: 0 })),
  };
});

it('finds no discrepancy between consistent statements', () => {
  fc.assert(fc.property(world, (books) => expect(reconcile(books)).toEqual([])));
});

const found = (change: Partial<Statements>): string[] =>
  reconcile({ ...noStatements, ...change }).map(({ kind }) => kind);
const foundIn = (book: PaymentStatement): string[] => found({ payments: [book] });

type Damage = (book: PaymentStatement) => PaymentStatement | null;

/** One thing that goes wrong with a payment, where it can (`null` where not), and what is then found. */
const damages: [DiscrepancyKind, Damage][] = [
  ['credit_missing', (book) => (book.credited > 0 ? { ...book, credited: book.credited - 1 } : null)],
  ['credit_unfounded', (book) => ({ ...book, credited: book.credited + 1 })],
  ['charge_unknown_to_provider', (book) => book.theirs && { ...book, theirs: null }],
  [
    'charge_unknown_here',
    (book) =>
      book.comparable && book.charge && !book.theirs
        ? { ...book, theirs: { ...book.charge, refunded_amount: 0 } }
        : null,
  ],
  ['amount_differs', (book) => book.theirs && { ...book, theirs: { ...book.theirs, amount: book.theirs.amount + 1 } }],
  ['amount_differs', (book) => book.theirs && { ...book, theirs: { ...book.theirs, currency: 'GBP' } }],
  ['amount_differs', ({ charge, ...book }) => charge && { ...book, charge: { ...charge, amount: charge.amount + 1 } }],
  [
    'refund_unknown_here',
    ({ theirs, ...book }) =>
      theirs && theirs.refunded_amount < theirs.amount
        ? { ...book, theirs: { ...theirs, refunded_amount: theirs.refunded_amount + 1 } }
        : null,
  ],
  [
    'refund_unknown_to_provider',
    ({ theirs, ...book }) =>
      theirs && theirs.refunded_amount > 0
        ? { ...book, theirs: { ...theirs, refunded_amount: theirs.refunded_amount - 1 } }
        : null,
  ],
  [
    'payment_conflicted',
    (book) => ({ ...book, conflict: { order_id: 'ord_2', amount: book.amount, currency: 'EUR' } }),
  ],
  ['payment_refused', (book) => ({ ...book, refused: 'invoice_already_paid' })],
  [
    'charge_missing',
    ({ charge, ...book }) =>
      charge && book.status === 'CAPTURED' && !book.comparable
        ? { ...book, charge: { ...charge, state: 'asked' } }
        : null,
  ],
  [
    'charge_kept',
    ({ charge, ...book }) =>
      charge && book.status === 'FAILED' && !book.comparable
        ? { ...book, charge: { ...charge, state: 'charged' } }
        : null,
  ],
];

it.each(damages)('finds only %s, and not while the order is in motion', (kind, damage) => {
  fc.assert(
    fc.property(payment, (book) => {
      const damaged = damage(book);
      fc.pre(damaged !== null);
      expect(foundIn(damaged)).toEqual([kind]);
      expect(foundIn({ ...damaged, in_motion: true })).toEqual([]);
    }),
  );
});

it('ignores a provider whose list was not read or does not reach back', () => {
  fc.assert(
    fc.property(payment, (book) => {
      expect(foundIn({ ...book, comparable: false, theirs: null })).toEqual([]);
    }),
  );
});

it('reports each kind once per subject', () => {
  fc.assert(
    fc.property(payment, payment, fc.integer({ min: 1 }), (one, { charge, theirs }, credited) => {
      const differences = reconcile({
        ...noStatements,
        payments: [{ ...one, charge, theirs, credited, comparable: true }],
      });
      const named = differences.map(({ kind, subject }) => `${kind} ${subject}`);
      expect(new Set(named).size).toBe(named.length);
      for (const { expected, actual } of differences) expect(expected).not.toBe(actual);
    }),
  );
});

const order = { order_id: 'ord_1', captured: 1, refunded: 0, in_motion: false };
const charge = { provider: 'test', charge_ref: 'ch_1', payment_id: 'pay_1', amount: 1, currency: 'EUR' };

it.each<[DiscrepancyKind | 'nothing', Partial<Statements>]>([
  ['order_unpaid', { orders: [{ ...order, status: 'FULFILLED', captured: 0 }] }],
  ['order_overpaid', { orders: [{ ...order, status: 'PAID', captured: 2 }] }],
  ['order_overpaid', { orders: [{ ...order, status: 'CANCELLED', captured: 1 }] }],
  ['refund_missing', { orders: [{ ...order, status: 'REFUNDED', captured: 0 }] }],
  ['nothing', { orders: [{ ...order, status: 'PAID', captured: 0, in_motion: true }] }],
  ['charge_unknown_here', { charges: [{ ...charge, known: false, in_motion: false }] }],
  ['nothing', { charges: [{ ...charge, known: false, in_motion: true }] }],
  ['balance_differs', { customers: [{ customer_id: 'cus_1', currency: 'EUR', balance: 2, paid: 1 }] }],
  ['ledger_unbalanced', { transactions: [{ ledger_transaction_id: 'ltx_1', currency: 'EUR', sum: -1 }] }],
])('finds %s', (kind, books) => {
  expect(found(books)).toEqual(kind === 'nothing' ? [] : [kind]);
});
