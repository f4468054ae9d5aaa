import { decidePayment, evolvePayment, type Payment, type PaymentContent } from '../../src/payments/payment';
import { preferredWaitMs } from '../../src/payments/settled-payment';
import { refusalCode } from '../support/refusal-code';

const content: PaymentContent = {
  payment_id: 'pay_1',
  order_id: 'ord_1',
  invoice_id: 'inv_1',
  customer_id: 'cus_1',
  amount: 9900,
  currency: 'EUR',
};
const requested_at = '2026-11-21T00:00:00.000Z';
const requested: Payment = { ...content, status: 'REQUESTED', failure_code: null, requested_at, version: 1 };
const failed: Payment = { ...requested, status: 'FAILED', failure_code: 'amount_mismatch' };

it('does nothing when the same payment is notified again', () => {
  expect(decidePayment({ type: 'request', content, requested_at }, requested)).toEqual([]);
});

it.each<Partial<PaymentContent>>([{ amount: 1 }, { currency: 'USD' }, { order_id: 'other' }, { customer_id: 'other' }])(
  'refuses the same payment id with another content: %j',
  (difference) => {
    const other = { ...content, ...difference };
    expect(refusalCode(() => decidePayment({ type: 'request', content: other, requested_at }, requested))).toBe(
      'payment_conflict',
    );
  },
);

it('lets a failed payment be requested again', () => {
  const [event] = decidePayment({ type: 'request', content, requested_at }, failed);
  expect(event && evolvePayment(failed, event)).toMatchObject({ status: 'REQUESTED', failure_code: null });
});

it.each(['CAPTURED', 'REFUNDED', 'FAILED'] as const)('is not captured when it is %s', (status) => {
  const payment: Payment = { ...requested, status, failure_code: status === 'FAILED' ? 'x' : null };
  const capture = { type: 'capture', capture_ref: 'cap', balance_tx_id: 'ltx' } as const;
  expect(refusalCode(() => decidePayment(capture, payment))).toBe('payment_not_requested');
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
