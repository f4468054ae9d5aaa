import Stripe from 'stripe';
import { readStripeNotice } from '../../../src/payments/provider/stripe/read-stripe-notice';
import { refusalCode } from '../../support/refusal-code';

const secret = 'whsec_test_secret';
const metadata = { order_id: 'ord_1', invoice_id: 'inv_1', customer_id: 'cus_1' };

function event(change: object = {}, type = 'payment_intent.succeeded'): string {
  const object = { id: 'pi_1', object: 'payment_intent', amount_received: 9_900, currency: 'eur', metadata, ...change };
  return JSON.stringify({ id: 'evt_1', object: 'event', type, data: { object } });
}

/** As Stripe signs it (https://docs.stripe.com/webhooks#verify-manually). */
const sign = (payload: string, timestamp = Math.floor(Date.now() / 1_000)): string =>
  Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp });

const read = (payload: string, signature = sign(payload)) =>
  readStripeNotice({ body: Buffer.from(payload), signature, secret });

it('gives the payment notice of an order whose intent succeeded', () => {
  const notice = { ...metadata, amount: 9_900, currency: 'EUR' };
  expect(read(event())).toEqual({ ...notice, payment_id: 'pi_1' });
  expect(read(event({ metadata: { ...metadata, payment_id: 'pay_1' } }))).toEqual({ ...notice, payment_id: 'pay_1' });
});

it.each([
  ['another event', event({}, 'payment_intent.created')],
  ['an intent of something else on the account', event({ metadata: {} })],
  ['an intent that a saga charged', event({ metadata: { ...metadata, paysaga_key: 'order-ord_1/charge' } })],
])('leaves %s alone', (_what, payload) => {
  expect(read(payload)).toBeNull();
});

it('refuses an order whose intent does not say the rest, naming what is missing', () => {
  const payload = event({ metadata: { order_id: 'ord_1' } });
  expect(refusalCode(() => read(payload))).toBe('validation_failed');
  expect(() => read(payload)).toThrow(/customer_id.*invoice_id|invoice_id.*customer_id/);
});

it.each([
  ['signed with another secret', event(), sign(event()).replace(/v1=\w{8}/, 'v1=00000000')],
  ['changed since it was signed', event({ amount_received: 1 }), sign(event())],
  ['older than five minutes', event(), sign(event(), Math.floor(Date.now() / 1_000) - 301)],
  ['without a signature', event(), ''],
  ['with a header that is none', event(), 'nonsense'],
])('refuses a delivery that is %s', (_how, payload, signature) => {
  expect(refusalCode(() => read(payload, signature))).toBe('invalid_signature');
});
