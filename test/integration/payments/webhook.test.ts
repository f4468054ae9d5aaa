import { Webhook } from 'standardwebhooks';
import Stripe from 'stripe';
import { newWebhookSecret } from '../../../dev/stack/prepare';
import type { SagaStarter } from '../../../src/sagas/start';
import { type ApiAnswer, createTestApi, type TestApi } from '../../support/api';
import { createTestDatabase, type TestDatabase } from '../../support/database';

const STANDARD = newWebhookSecret();
const STRIPE = 'whsec_of_stripe';
const started = { start: async () => true } as Partial<SagaStarter> as SagaStarter;

let db: TestDatabase;
let api: TestApi;
beforeAll(async () => {
  db = await createTestDatabase();
  api = await createTestApi(db.database, {
    sagas: started,
    webhooks: { paymentSecret: STANDARD, stripeSecret: STRIPE },
  });
  await db.query(`INSERT INTO product (sku, name, kind, price, currency) VALUES
    ('eur', 'In euros', 'service', 9900, 'EUR'), ('isk', 'In krónur', 'service', 500000, 'ISK')`);
});
afterAll(() => db.close());

interface Placed {
  readonly order_id: string;
  readonly invoice_id: string;
  readonly customer_id: string;
}

async function place(product_sku: string, amount: number, currency: string): Promise<Placed> {
  const json = { customer_id: 'cus_1', product_sku, amount, currency };
  const { order_id, invoice_id } = (await api.call('POST', '/orders', { as: 'service', json })).body as never as Placed;
  return { order_id, invoice_id, customer_id: 'cus_1' };
}

function byStripe(body: string, change: Record<string, string> = {}): Promise<ApiAnswer> {
  const signature =
    body === '' ? 't=1,v1=00' : Stripe.webhooks.generateTestHeaderString({ payload: body, secret: STRIPE });
  return api.call('POST', '/webhooks/stripe', { body, headers: { 'stripe-signature': signature, ...change } });
}

function byStandard(body: string): Promise<ApiAnswer> {
  const now = new Date();
  const signature = new Webhook(STANDARD).sign('msg_1', now, body);
  const timestamp = String(Math.floor(now.getTime() / 1_000));
  const headers = { 'webhook-id': 'msg_1', 'webhook-timestamp': timestamp, 'webhook-signature': signature };
  return api.call('POST', '/webhooks/payments', { body, headers });
}

const intent = (placed: Placed, amount_received: number, currency: string, id: string) =>
  JSON.stringify({
    type: 'payment_intent.succeeded',
    data: { object: { id, amount_received, currency, metadata: placed } },
  });

const outcome = ({ status, body }: ApiAnswer) => [status, body?.status, body?.code];

it.each(['payments', 'stripe'])('has no webhook /%s without its secret, for any key', async (name) => {
  const without = await createTestApi(db.database);
  for (const as of [undefined, 'service', 'operator'] as const) {
    const answer = await without.call('POST', `/webhooks/${name}`, { json: {}, ...(as && { as }) });
    expect([answer.status, answer.body]).toMatchObject([404, { code: 'not_found' }]);
  }
});

it('does not confuse 5,000 krónur with 500,000, and accepts the whole price', async () => {
  const placed = await place('isk', 500_000, 'ISK');
  expect(outcome(await byStripe(intent(placed, 500_000, 'isk', 'pi_less')))).toEqual([
    202,
    'refused',
    'amount_mismatch',
  ]);
  expect(outcome(await byStripe(intent(placed, 50_000_000, 'isk', 'pi_all')))).toEqual([202, 'pending', undefined]);
  const payments = await db.query('SELECT payment_id, status, amount FROM payment ORDER BY payment_id');
  expect(payments).toEqual([
    { payment_id: 'pi_all', status: 'REQUESTED', amount: '500000' },
    { payment_id: 'pi_less', status: 'FAILED', amount: '5000' },
  ]);
});

it('answers each payment of a cancelled order with the same final refusal', async () => {
  const placed = await place('eur', 9_900, 'EUR');
  await api.call('POST', `/orders/${placed.order_id}/cancel`, { as: 'service', json: {} });
  const notice = JSON.stringify({
    type: 'payment.captured',
    data: { ...placed, amount: 9_900, currency: 'EUR', payment_id: 'pay_late', note: 'ignored' },
    note: 'ignored',
  });
  const answers = [await byStandard(notice), await byStandard(notice)];
  for (const answer of answers) expect(outcome(answer)).toEqual([202, 'refused', 'order_not_payable']);
  expect(answers[1]?.text).toBe(answers[0]?.text);
});

it.each(['null', '7', '[]', '"text"', '{}', '{"type": null}', '{"type": "payment_intent.succeeded", "data": null}'])(
  'does not fail on the signed body %s',
  async (body) => {
    expect((await byStripe(body)).status).toBe(202);
    expect([202, 422]).toContain((await byStandard(body)).status);
  },
);

it.each(['{"type": ', 'x', '{"a": 1}}', "{'a': 1}"])('refuses the signed body %j as malformed JSON', async (body) => {
  expect(outcome(await byStripe(body))).toEqual([400, 400, 'malformed_json']);
  expect(outcome(await byStandard(body))).toEqual([400, 400, 'malformed_json']);
});

it('reads up to 1 MiB, and only with a signature header', async () => {
  const long = JSON.stringify({ type: 'charge.updated', note: 'x'.repeat(900_000) });
  for (const send of [byStripe, byStandard]) {
    expect(outcome(await send(long))).toEqual([202, 'ignored', undefined]);
    expect(outcome(await send(`${long}${' '.repeat(200_000)}`))).toEqual([413, 413, 'payload_too_large']);
  }
  for (const name of ['stripe', 'payments']) {
    let read = 0;
    const body = new ReadableStream({ pull: () => void (read += 1) }, { highWaterMark: 0 });
    const answer = await api.call('POST', `/webhooks/${name}`, { body });
    expect([outcome(answer), read]).toEqual([[401, 401, 'invalid_signature'], 0]);
  }
});

it.each(['', 't=1', 'v1=', 't=,v1=', `t=9999999999,v1=`, `t=1,v1=${'é'.repeat(64)}`, '__proto__=1'])(
  'refuses the signature %j',
  async (signature) => {
    const answer = await byStripe('{}', { 'stripe-signature': signature });
    expect(outcome(answer)).toEqual([401, 401, 'invalid_signature']);
  },
);
