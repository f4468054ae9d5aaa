import fc from 'fast-check';
import {
  decidePayment,
  evolvePayment,
  type Payment,
  type PaymentCommand,
  type PaymentContent,
  type PaymentEvent,
  type PaymentStatus,
} from '../../../src/domain/payment';
import { preferredWaitMs } from '../../../src/payments/accept-payment';
import { playCommands } from '../../support/model/play-commands';
import { refusalCode } from '../../support/refusal-code';

const content: PaymentContent = {
  payment_id: 'pay_1',
  order_id: 'ord_1',
  invoice_id: 'inv_1',
  customer_id: 'cus_1',
  amount: 9900,
  currency: 'EUR',
};
const requested_at = '2026-11-21T00:00:00.000Z';
const requested: Payment = {
  ...content,
  status: 'REQUESTED',
  failure_code: null,
  conflict: null,
  requested_at,
  version: 1,
};
const failed: Payment = { ...requested, status: 'FAILED', failure_code: 'amount_mismatch' };

it('ignores a repeated notification', () => {
  expect(decidePayment({ type: 'request', content, requested_at }, requested)).toEqual([]);
});

it.each<Partial<PaymentContent>>([{ amount: 1 }, { currency: 'USD' }, { order_id: 'other' }, { customer_id: 'other' }])(
  'refuses the same payment id with another content: %j',
  (difference) => {
    const changed = { ...content, ...difference };
    expect(refusalCode(() => decidePayment({ type: 'request', content: changed, requested_at }, requested))).toBe(
      'payment_conflict',
    );
  },
);

it('lets a failed payment be requested again', () => {
  const [event] = decidePayment({ type: 'request', content, requested_at }, failed);
  expect(event && evolvePayment(failed, event)).toMatchObject({ status: 'REQUESTED', failure_code: null });
});

const other: PaymentContent = { ...content, order_id: 'ord_2', amount: 1 };

it.each<PaymentStatus>(['REQUESTED', 'CAPTURED', 'REFUNDED', 'FAILED'])(
  'keeps another content under its id once, and stays %s',
  (status) => {
    const before: Payment = { ...requested, status };
    const events = decidePayment({ type: 'conflict', content: other }, before);
    expect(events).toEqual([{ type: 'payment.conflicted', payload: other }]);
    const after = events.reduce<Payment>(evolvePayment, before);
    expect(after).toEqual({ ...before, conflict: other });
    expect(decidePayment({ type: 'conflict', content: other }, after)).toEqual([]);
    expect(decidePayment({ type: 'conflict', content: { ...other, amount: 2 } }, after)).toHaveLength(1);
  },
);

it('does not conflict with its own content', () => {
  expect(decidePayment({ type: 'conflict', content }, requested)).toEqual([]);
});

type Change = Exclude<PaymentCommand['type'], 'request' | 'conflict'>;
const request: PaymentCommand = { type: 'request', content, requested_at };
const commands: Record<Change, PaymentCommand> = {
  capture: { type: 'capture', capture_ref: 'cap_1', balance_tx_id: 'ltx_1' },
  fail: { type: 'fail', code: 'payment_declined' },
  refund: { type: 'refund', reference: 're_1' },
};
const changes = Object.keys(commands) as Change[];
/** Where each command leads from each state, or why it leads nowhere. */
const ends: Record<PaymentStatus, Record<Change, string>> = {
  REQUESTED: { capture: 'CAPTURED', fail: 'FAILED', refund: 'payment_not_captured' },
  CAPTURED: { capture: 'payment_not_requested', fail: 'payment_not_requested', refund: 'REFUNDED' },
  REFUNDED: { capture: 'payment_not_requested', fail: 'payment_not_requested', refund: 'payment_not_captured' },
  FAILED: { capture: 'payment_not_requested', fail: 'FAILED', refund: 'payment_not_captured' },
};
const cases = (Object.keys(ends) as PaymentStatus[]).flatMap((from) =>
  changes.map((change) => ({ from, change, end: ends[from][change] })),
);

it.each(cases)('from $from, $change ends in $end', ({ from, change, end }) => {
  const before: Payment = { ...requested, status: from, failure_code: from === 'FAILED' ? 'amount_mismatch' : null };
  let after: Payment | undefined;
  const code = refusalCode(
    () => (after = decidePayment(commands[change], before).reduce<Payment>(evolvePayment, before)),
  );
  expect(code ?? after?.status).toBe(end);
});

it('is the fold of its events under any commands, captured once and refunded once', () => {
  const conflicts = [other, { ...other, amount: 2 }].map((content) => ({ type: 'conflict', content }) as const);
  const asked = fc.array(fc.constantFrom(request, ...conflicts, ...Object.values(commands)), { maxLength: 12 });
  fc.assert(
    fc.property(asked, (acts) => {
      const payments = { decide: decidePayment, evolve: evolvePayment };
      const { state, folded, events } = playCommands(payments, [request, ...acts]);
      expect(folded).toEqual(state);
      const count = (type: PaymentEvent['type']): number => events.filter((event) => event.type === type).length;
      expect(count('payment.captured')).toBeLessThanOrEqual(1);
      expect(count('payment.refunded')).toBeLessThanOrEqual(count('payment.captured'));
      expect(count('payment.conflicted') > 0).toBe(state?.conflict !== null);
      expect(state?.failure_code !== null).toBe(state?.status === 'FAILED');
    }),
  );
});

it.each([
  [undefined, 10_000],
  ['wait=0', 0],
  ['wait=3', 3_000],
  ['respond-async, wait=20', 20_000],
  ['wait=31', 30_000],
  ['wait=abc', 10_000],
  ['await=3', 10_000],
])('Prefer: %s waits %d ms', (prefer, ms) => {
  expect(preferredWaitMs(prefer)).toBe(ms);
});
