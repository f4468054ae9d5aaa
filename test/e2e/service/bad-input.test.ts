import { request } from 'node:http';
import type { Problem } from '../../../testing/api-client';
import { newClientId, orderRequest, type OrderResponse, paymentNotification, placeOrder } from '../../../testing/shop';
import { type E2eStack, startE2eStack } from '../../support/e2e-stack';

const order = (change: object): object => ({ ...orderRequest(), ...change });
const withoutAmount = { customer_id: 'cus_1', product_sku: 'vps.s' };

const refusedOrders: [what: string, body: object, code: string, pointer: string | null][] = [
  ['an unknown product', order({ product_sku: 'nothing' }), 'unknown_product', null],
  ['a wrong price', order({ amount: 9901 }), 'price_mismatch', null],
  ['a price that forgets the quantity', order({ quantity: 2 }), 'price_mismatch', null],
  ["another currency than the product's", order({ currency: 'USD' }), 'price_mismatch', null],
  ['a fraction of a minor unit', order({ amount: 99.5 }), 'validation_failed', '/amount'],
  ['a negative amount', order({ amount: -9900 }), 'validation_failed', '/amount'],
  ['nothing to pay', order({ amount: 0 }), 'validation_failed', '/amount'],
  ['a huge amount', order({ amount: 1e300 }), 'validation_failed', '/amount'],
  ['an amount as text', order({ amount: '9900' }), 'validation_failed', '/amount'],
  ['no amount', withoutAmount, 'validation_failed', '/amount'],
  ['an unknown field', order({ discount: 100 }), 'validation_failed', '/discount'],
  ['half a piece', order({ quantity: 0.5 }), 'validation_failed', '/quantity'],
  [
    'a customer id with SQL in it',
    order({ customer_id: "x'; DROP TABLE orders; --" }),
    'validation_failed',
    '/customer_id',
  ],
  ['a customer id with a NUL', order({ customer_id: 'cus\u0000' }), 'validation_failed', '/customer_id'],
  ['a product with a NUL', order({ product_sku: 'vps\u0000s' }), 'validation_failed', '/product_sku'],
  ['a product with half a surrogate pair', order({ product_sku: 'vps\ud800' }), 'validation_failed', '/product_sku'],
  [
    'an automatic charge of nothing',
    order({ collection_method: 'charge_automatically' }),
    'validation_failed',
    '/payment_method',
  ],
  ['a list', [], 'validation_failed', ''],
];

describe('bad input', () => {
  let stack: E2eStack;
  let placed: OrderResponse;
  beforeAll(async () => {
    stack = await startE2eStack();
    placed = await placeOrder(stack.service);
  }, 60_000);
  afterAll(() => stack?.stop());

  it.each(refusedOrders)('an order with %s is a 422 that says why', async (_, json, code, pointer) => {
    const answer = await stack.service.call<Problem>('POST', '/orders', { json });
    expect(answer).toMatchObject({ status: 422, body: { status: 422, code, instance: '/orders' } });
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    if (pointer !== null) expect(answer.body.errors?.map((error) => error.pointer)).toContain(pointer);
    expect(answer.text).not.toMatch(/prisma|postgres|node_modules|zod/i);
  });

  const json = JSON.stringify(orderRequest());
  const big = JSON.stringify(order({ product_sku: 'x'.repeat(70_000) }));
  it.each([
    ['malformed JSON', '{"customer_id": ', 'application/json', 400, 'malformed_json'],
    ['no JSON at all', 'customer_id=cus_1', 'application/json', 400, 'malformed_json'],
    ['another content type', json, 'text/plain', 415, 'unsupported_media_type'],
    ['more than 64 KiB', big, 'application/json', 413, 'payload_too_large'],
  ])('a body of %s is refused', async (_, body, type, status, code) => {
    const headers = { 'content-type': type };
    expect(await stack.service.call('POST', '/orders', { body, headers })).toMatchObject({ status, body: { code } });
  });

  it('a chunked body of more than 64 KiB is refused as well', async () => {
    expect(await postChunked(stack, big)).toMatchObject({ status: 413, body: { code: 'payload_too_large' } });
  });

  it.each([
    ['an unknown order', { order_id: 'ord_unknown' }, 404, 'order_not_found'],
    ['an unknown invoice', { invoice_id: 'inv_unknown' }, 404, 'invoice_not_found'],
    ["somebody else's customer", { customer_id: 'cus_other' }, 404, 'order_not_found'],
    ['an order id with SQL in it', { order_id: "' OR 1=1 --" }, 404, 'order_not_found'],
    ['an order id with a NUL', { order_id: 'ord\u0000' }, 422, 'validation_failed'],
    ['a wrong amount', { amount: 1 }, 422, 'amount_mismatch'],
    ['a wrong currency', { currency: 'USD' }, 422, 'amount_mismatch'],
    ['a payment id with a control character', { payment_id: 'pay\n' }, 422, 'validation_failed'],
  ])('a payment with %s is refused', async (_, change, status, code) => {
    const body = { ...paymentNotification(placed), ...change };
    const answer = await stack.service.call('POST', '/invoices/close-after-payment', { json: body });
    expect(answer).toMatchObject({ status, body: { code } });
  });

  it.each([
    ['an unknown path', '/nothing', 404, 'not_found'],
    ['an unknown order', '/orders/ord_unknown', 404, 'order_not_found'],
    ['an order id with SQL in it', `/orders/${encodeURIComponent("'; DROP TABLE orders; --")}`, 404, 'order_not_found'],
    ['an order id with a NUL', '/orders/ord%00', 422, 'validation_failed'],
    ['an unknown saga', '/sagas/payment-unknown', 404, 'saga_not_found'],
    ['a limit beyond the bounds', '/orders?limit=1000', 422, 'validation_failed'],
    ['a cursor that is none', '/orders?cursor=nonsense', 422, 'validation_failed'],
    ['an unknown filter', '/orders?colour=red', 422, 'validation_failed'],
  ])('asking for %s is answered as a problem', async (_, path, status, code) => {
    const answer = await stack.service.call('GET', path);
    expect(answer).toMatchObject({ status, body: { code, status } });
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
  });

  it('without a key, or with a wrong one, everything is a 401', async () => {
    expect(await stack.nobody.call('POST', '/orders', { json: orderRequest() })).toMatchObject({ status: 401 });
    const headers = { authorization: 'Bearer key_0123.nonsense' };
    expect(await stack.nobody.call('GET', '/orders', { headers })).toMatchObject({ status: 401 });
  });

  it("a customer's key sees and orders for its own customer only, and does no service's work", async () => {
    const { customer, keys } = stack;
    expect(await customer.call('GET', `/orders/${placed.order_id}`)).toMatchObject({ status: 404 });
    expect(await customer.call('POST', `/orders/${placed.order_id}/cancel`)).toMatchObject({ status: 404 });
    expect(await customer.call('GET', `/customers/${placed.customer_id}/balance`)).toMatchObject({ status: 404 });
    expect(await customer.call('POST', '/orders', { json: orderRequest() })).toMatchObject({ status: 403 });
    const own = order({ customer_id: keys.customer.customer_id });
    expect(await customer.call('POST', '/orders', { json: own })).toMatchObject({ status: 201 });
    const notice = { json: paymentNotification(placed, { payment_id: newClientId('pay') }) };
    expect(await customer.call('POST', '/invoices/close-after-payment', notice)).toMatchObject({ status: 403 });
    expect(await stack.service.call('DELETE', '/dev/faults')).toMatchObject({ status: 403 });
  });

  it('nothing of it was kept: one order each that was placed, and everything agrees', async () => {
    const { orders } = await stack.checker.holds(20_000);
    expect(orders.map(({ status }) => status)).toEqual(['PENDING_PAYMENT', 'PENDING_PAYMENT']);
  });
});

/** fetch cannot send what it must not know the length of, without giving up at a refusal in between. */
function postChunked(
  { processes, keys }: E2eStack,
  body: string,
): Promise<{ status: number | undefined; body: unknown }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${keys.service}` };
    const sending = request(`${processes.api.url}/orders`, { method: 'POST', headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode, body: JSON.parse(text) as unknown }));
    });
    sending.on('error', reject);
    for (let at = 0; at < body.length; at += 10_000) sending.write(body.slice(at, at + 10_000));
    sending.end();
  });
}
