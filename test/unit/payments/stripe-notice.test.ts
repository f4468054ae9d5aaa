import Stripe from 'stripe';
import { readStripeNotification } from '../../../src/payments/stripe-webhook';
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
  readStripeNotification({ body: Buffer.from(payload), signature, secret });

it('reads the payment notification of a succeeded intent', () => {
  const notice = { ...metadata, amount: 9_900, currency: 'EUR' };
  expect(read(event())).toEqual({ ...notice, payment_id: 'pi_1' });
  expect(read(event({ metadata: { ...metadata, payment_id: 'pay_1' } }))).toEqual({ ...notice, payment_id: 'pay_1' });
});

it.each([
  ['another event', event({}, 'payment_intent.created')],
  ['an intent of something else on the account', event({ metadata: {} })],
  ['an intent that a saga charged', event({ metadata: { ...metadata, paysaga_key: 'order-ord_1/charge' } })],
])('ignores %s', (_what, payload) => {
  expect(read(payload)).toBeNull();
});

it.each([
  ['isk', 500_000, 5_000],
  ['ugx', 500_000, 5_000],
  ['mga', 5_000, 500_000],
  ['jpy', 5_000, 5_000],
  ['huf', 5_000, 5_000],
  ['kwd', 5_120, 5_120],
])('converts a payment in %s to our units', (currency, amount_received, amount) => {
  expect(read(event({ currency, amount_received }))).toMatchObject({ currency: currency.toUpperCase(), amount });
});

it.each([
  ['null', 'null'],
  ['a number', '7'],
  ['a list', '[]'],
  ['an object without a type', '{}'],
  ['an event without data', '{"type": "payment_intent.succeeded"}'],
  ['an event whose object is null', '{"type": "payment_intent.succeeded", "data": {"object": null}}'],
  ['an event of the other kind', '{"object": "v2.core.event", "type": "v1.billing.meter.no_meter_found"}'],
  ['an intent whose metadata is null', event({ metadata: null })],
  ['an intent whose metadata is text', event({ metadata: 'order_id' })],
  ['an intent without metadata', event({ metadata: undefined })],
  ['an intent without a currency', event({ currency: null })],
  ['an intent with half a unit', event({ amount_received: 0.5 })],
])('ignores %s', (_what, payload) => {
  expect(read(payload)).toBeNull();
});

it.each(['', '{"type": ', 'nothing', '\u0000'])('refuses a signed body that is not JSON: %j', (payload) => {
  expect(['malformed_json', 'invalid_signature']).toContain(refusalCode(() => read(payload)));
});

it.each([
  [{ metadata: { ...metadata, order_id: 'ord_\u0000' } }],
  [{ metadata: { ...metadata, payment_id: '\ud800' } }],
  [{ amount_received: 9_000_000_000_000_000 }],
  [{ currency: 'iqd' }],
])('refuses an order’s intent with the metadata %j', (change) => {
  expect(refusalCode(() => read(event(change)))).toBe('validation_failed');
});

it('refuses an intent with missing metadata, and names the missing fields', () => {
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
  ['with an empty signature', event(), `t=${Math.floor(Date.now() / 1_000)},v1=`],
  ['with a signature that is not ASCII', event(), `t=${Math.floor(Date.now() / 1_000)},v1=${'é'.repeat(64)}`],
])('refuses a delivery that is %s', (_how, payload, signature) => {
  expect(refusalCode(() => read(payload, signature))).toBe('invalid_signature');
});
