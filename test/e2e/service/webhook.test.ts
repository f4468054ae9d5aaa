import Stripe from 'stripe';
import { newWebhookSecret } from '../../../dev/stack/prepare';
import { eventually } from '../../../testing/eventually';
import { armFault } from '../../../testing/faults';
import {
  newClientId,
  type OrderResponse,
  paymentNotification,
  placeOrder,
  readBalance,
  untilStatus,
} from '../../../testing/shop';
import { capturedWebhook, sendWebhook, type WebhookRequest } from '../../../testing/webhook';
import { type E2eStack, startE2eStack } from '../../support/e2e-stack';

const DEADLINE_MS = 30_000;
const STRIPE_SECRET = 'whsec_of_stripe';

let stack: E2eStack;
beforeAll(async () => (stack = await startE2eStack({ env: { STRIPE_WEBHOOK_SECRET: STRIPE_SECRET } })), 60_000);
afterAll(() => stack?.stop());

const send = (body: object | string, request: Partial<WebhookRequest> = {}) =>
  sendWebhook(stack.nobody, { secret: stack.webhookSecret, body, ...request });

const captured = (order: OrderResponse, payment_id = newClientId('pay')) =>
  capturedWebhook(paymentNotification(order, { payment_id }));

const sagasOf = (order: OrderResponse) =>
  stack.query<{ saga_id: string }>('SELECT saga_id FROM saga WHERE order_id = $1', order.order_id);

it('begins the payment saga, and says so at once', async () => {
  const order = await placeOrder(stack.service);
  const payment_id = newClientId('pay');
  const answer = await send(captured(order, payment_id));
  const saga_id = `payment-${payment_id}`;
  expect([answer.status, answer.body]).toEqual([202, { status: 'pending', saga_id }]);
  expect(answer.headers.get('location')).toBe(`/sagas/${saga_id}`);
  await untilStatus(stack.service, order.order_id, 'FULFILLED');
  expect(await readBalance(stack.service, order.customer_id)).toBe(order.amount);
});

it('answers a repeat the same, before and after the saga has ended, and pays once', async () => {
  const order = await placeOrder(stack.service);
  const notice = captured(order);
  const first = await send(notice);
  expect((await send(notice)).text).toBe(first.text);
  await untilStatus(stack.service, order.order_id, 'FULFILLED');
  const late = await send(notice);
  expect([late.status, late.text]).toEqual([202, first.text]);
  expect(await sagasOf(order)).toHaveLength(1);
  expect(await readBalance(stack.service, order.customer_id)).toBe(order.amount);
});

it('takes twenty at a time, and one told by a service besides, as one payment', async () => {
  const order = await placeOrder(stack.service);
  const notice = captured(order);
  const answers = await Promise.all(Array.from({ length: 20 }, () => send(notice)));
  // A row that is locked for longer than its time-out is a 503, which a sender repeats.
  const kept = answers.filter(({ status }) => status === 202);
  expect(kept.length).toBeGreaterThan(0);
  expect(answers.filter(({ status }) => status !== 202 && status !== 503)).toEqual([]);
  const path = '/invoices/close-after-payment';
  expect((await stack.service.call('POST', path, { json: notice.data })).status).toBe(200);
  await untilStatus(stack.service, order.order_id, 'FULFILLED');
  expect(await sagasOf(order)).toHaveLength(1);
  expect(await readBalance(stack.service, order.customer_id)).toBe(order.amount);
});

const minutesAgo = (minutes: number): Date => new Date(Date.now() - minutes * 60_000);

it.each<[string, (body: object) => Partial<WebhookRequest>]>([
  ['by another secret', () => ({ secret: newWebhookSecret() })],
  ['six minutes ago', () => ({ at: minutesAgo(6) })],
  ['for six minutes from now', () => ({ at: minutesAgo(-6) })],
  ['for another body', (body) => ({ sent: JSON.stringify(body).replace('9900', '9901') })],
  ['for the same body with one more space', (body) => ({ sent: `${JSON.stringify(body)} ` })],
])('refuses what was signed %s, and logs nothing of it', async (_, change) => {
  const order = await placeOrder(stack.service);
  const payment_id = newClientId('pay');
  const notice = captured(order, payment_id);
  const answer = await send(notice, change(notice));
  expect([answer.status, answer.body.code]).toEqual([401, 'invalid_signature']);
  expect(answer.headers.get('www-authenticate')).toBeNull();
  expect(await sagasOf(order)).toEqual([]);
  expect(stack.log.filter((line) => line.includes(payment_id))).toEqual([]);
});

it('refuses what was not signed at all, with a key or without, before it reads it', async () => {
  for (const api of [stack.nobody, stack.service]) {
    for (const body of ['{"type": "payment.captured"}', '{"type": ']) {
      const headers = { 'content-type': 'application/json' };
      const answer = await api.call('POST', '/webhooks/payments', { body, headers });
      expect(answer).toMatchObject({ status: 401, body: { code: 'invalid_signature' } });
    }
  }
});

it('says what is wrong with the shape of what was signed', async () => {
  const order = await placeOrder(stack.service);
  const notice = paymentNotification(order);
  const wrong = await send(capturedWebhook({ ...notice, amount: '9900', payment_id: undefined, tip: 1 }));
  expect([wrong.status, wrong.body.code]).toEqual([422, 'validation_failed']);
  // What it tells besides is ignored.
  expect(wrong.body.errors?.map(({ pointer }) => pointer).sort()).toEqual(['/data/amount', '/data/payment_id']);
  expect((await send({ type: 'payment.captured' })).body.errors?.[0]?.pointer).toBe('/data');
  expect((await send({ type: 7, data: notice })).body.errors?.[0]?.pointer).toBe('/type');
  expect(await send('[]')).toMatchObject({ status: 422 });
  expect(await send('{"type": ')).toMatchObject({ status: 400, body: { code: 'malformed_json' } });
  const long = await send(capturedWebhook({ ...notice, note: 'x'.repeat(900_000) }));
  expect([long.status, long.body.status]).toEqual([202, 'pending']);
  const big = await send(capturedWebhook({ ...notice, note: 'x'.repeat(1_100_000) }));
  expect([big.status, big.body.code]).toEqual([413, 'payload_too_large']);
});

it('receives other types, and does nothing', async () => {
  const order = await placeOrder(stack.service);
  const answer = await send({ type: 'payment.disputed', data: paymentNotification(order) });
  expect([answer.status, answer.body]).toEqual([202, { status: 'ignored' }]);
  expect(await sagasOf(order)).toEqual([]);
});

it.each([
  ['an unknown order', { order_id: 'ord_unknown' }, 404, 'order_not_found'],
  ['an unknown invoice', { invoice_id: 'inv_unknown' }, 404, 'invoice_not_found'],
])('refuses %s as close-after-payment does', async (_, change, status, code) => {
  const order = await placeOrder(stack.service);
  const answer = await send(capturedWebhook({ ...paymentNotification(order), ...change }));
  expect([answer.status, answer.body.code]).toEqual([status, code]);
});

it('takes what is refused for good, so that the sender stops: another amount or content, a payment of what is paid', async () => {
  const order = await placeOrder(stack.service);
  const payment_id = newClientId('pay');
  const less = await send(capturedWebhook({ ...paymentNotification(order), amount: 1 }));
  expect([less.status, less.body]).toMatchObject([202, { status: 'refused', code: 'amount_mismatch' }]);
  await send(captured(order, payment_id));
  await untilStatus(stack.service, order.order_id, 'FULFILLED');
  const other = await send(capturedWebhook(paymentNotification(order, { payment_id, amount: 1 })));
  expect([other.status, other.body]).toMatchObject([202, { status: 'refused', code: 'payment_conflict' }]);
  const second = await send(captured(order));
  expect([second.status, second.body]).toMatchObject([202, { status: 'refused', code: 'invoice_already_paid' }]);
});

describe('from Stripe', () => {
  const intent = ({ order_id, invoice_id, customer_id, amount }: OrderResponse, change: object = {}) => {
    const metadata = { order_id, invoice_id, customer_id };
    const object = {
      id: newClientId('pi'),
      object: 'payment_intent',
      amount_received: amount,
      currency: 'eur',
      metadata,
    };
    const event = { id: 'evt_1', object: 'event', type: 'payment_intent.succeeded', data: { object }, ...change };
    return JSON.stringify(event);
  };
  const tell = (body: string, secret = STRIPE_SECRET) =>
    stack.nobody.call<{ status: string; code?: string; saga_id?: string }>('POST', '/webhooks/stripe', {
      body,
      headers: {
        'content-type': 'application/json',
        'stripe-signature': Stripe.webhooks.generateTestHeaderString({ payload: body, secret }),
      },
    });

  it('begins the payment saga once, however often Stripe tells it', async () => {
    const order = await placeOrder(stack.service);
    const event = intent(order);
    const answers = [await tell(event), await tell(event)];
    expect(answers.map(({ status }) => status)).toEqual([202, 202]);
    expect(answers[1]?.text).toBe(answers[0]?.text);
    await untilStatus(stack.service, order.order_id, 'FULFILLED');
    expect(await sagasOf(order)).toHaveLength(1);
    expect(await readBalance(stack.service, order.customer_id)).toBe(order.amount);
  });

  it('refuses what Stripe did not sign, and ignores what is not for us', async () => {
    const order = await placeOrder(stack.service);
    const forged = await tell(intent(order), 'whsec_of_another');
    expect([forged.status, forged.body.code]).toEqual([401, 'invalid_signature']);
    const unsigned = await stack.nobody.call('POST', '/webhooks/stripe', { json: {} });
    expect(unsigned).toMatchObject({ status: 401, body: { code: 'invalid_signature' } });
    const other = await tell(intent(order, { type: 'payment_intent.created' }));
    expect([other.status, other.body]).toEqual([202, { status: 'ignored' }]);
    expect(await sagasOf(order)).toEqual([]);
  });
});

it('loses nothing when the API is killed after the commit: the sender repeats, and the saga runs once', async () => {
  const order = await placeOrder(stack.service);
  const notice = captured(order);
  await armFault(stack.operator, 'payments.after_commit', 'crash');
  await expect(send(notice)).rejects.toThrow('fetch failed');
  const repeated = await eventually(() => send(notice), { deadlineMs: DEADLINE_MS });
  expect(repeated.status).toBe(202);
  await untilStatus(stack.service, order.order_id, 'FULFILLED', DEADLINE_MS);
  expect(await sagasOf(order)).toHaveLength(1);
  await stack.checker.holds(DEADLINE_MS);
}, 90_000);
