import { createApplication } from '../../../src/application';
import { closeInvoice } from '../../../src/billing/close-invoice';
import type { Mediator } from '../../../src/cqrs/mediator';
import type { OrderResponse } from '../../../src/orders/order-response';
import { placeOrder } from '../../../src/orders/place-order';
import { getOrder } from '../../../src/orders/queries';
import { acceptPayment } from '../../../src/payments/accept-payment';
import { settlePayment } from '../../../src/payments/settle-payment';
import { type ApiRequest, createTestApi, type TestApi } from '../../support/api';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { silentLogger } from '../../support/logger';
import { newOrder } from '../../support/new-order';

let test: TestDatabase;
let api: TestApi;
let mediator: Mediator;

beforeAll(async () => {
  test = await createTestDatabase();
  await test.query(`INSERT INTO product VALUES ('vps.s', 'VPS', 'service', 9900, 'EUR')`);
  mediator = createApplication({ database: test.database, logger: silentLogger });
  api = await createTestApi(test.database);
});
afterAll(() => test.close());

const place = (change: Partial<typeof newOrder> = {}) => mediator.send(placeOrder({ ...newOrder, ...change }));
const read = ({ order_id }: OrderResponse, query = '', as: ApiRequest['as'] = 'customer') =>
  api.call('GET', `/orders/${order_id}${query}`, { as });

it('a cancelled order is answered as it was when it was placed, and as it is', async () => {
  const placed = await place();
  expect(await read(placed, '?version=1')).toMatchObject({ status: 200, body: placed });

  const cancelled = await api.call('POST', `/orders/${placed.order_id}/cancel`, { as: 'customer' });
  expect(cancelled.body).toEqual({ ...placed, status: 'CANCELLED', version: 2 });
  const [first, second, now] = [await read(placed, '?version=1'), await read(placed, '?version=2'), await read(placed)];
  expect([first.status, first.body]).toEqual([200, { ...placed, status: 'PENDING_PAYMENT', version: 1 }]);
  expect([second.status, second.body]).toEqual([200, cancelled.body]);
  expect(now.text).toBe(second.text);
});

it('a paid order is answered as it was at each of its versions', async () => {
  const order = await place();
  const { order_id, invoice_id, customer_id, amount, currency } = order;
  const payment_id = 'pay_1';
  const { saga_id } = await acceptedSaga({ order_id, invoice_id, customer_id, amount, currency, payment_id });
  const { capture_ref } = await mediator.send(closeInvoice({ order_id, invoice_id, payment_id }));
  const settlement = { saga_id, payment_id, order_id, invoice_id, capture_ref, balance_tx_id: 'ltx_1' };
  await mediator.send(settlePayment(settlement));

  expect(await mediator.send(getOrder({ order_id, version: 1 }))).toEqual(order);
  expect(await mediator.send(getOrder({ order_id, version: 2 }))).toEqual({ ...order, status: 'PAID', version: 2 });
  expect(await mediator.send(getOrder({ order_id, version: 2 }))).toEqual(await mediator.send(getOrder({ order_id })));
});

async function acceptedSaga(notice: Parameters<typeof acceptPayment>[0]): Promise<{ saga_id: string }> {
  const accepted = await mediator.send(acceptPayment(notice));
  if (accepted.state === 'refused') throw new Error(accepted.detail);
  return accepted;
}

it('a version above the newest is not found', async () => {
  const order = await place();
  expect(await read(order, '?version=2')).toMatchObject({
    status: 404,
    body: {
      code: 'order_version_not_found',
      detail: `Order ${order.order_id} has no version 2. Its newest version is 1.`,
    },
  });
});

it("another customer's order is not found, whether it has the version or not", async () => {
  const order = await place({ customer_id: 'cus_2' });
  for (const version of [1, 2]) {
    expect(await read(order, `?version=${version}`)).toMatchObject({ status: 404, body: { code: 'order_not_found' } });
  }
  expect(await read(order, '?version=1', 'service')).toMatchObject({ status: 200, body: order });
});

it('an unknown order is not found', async () => {
  const answer = await api.call('GET', '/orders/ord_unknown?version=1', { as: 'operator' });
  expect(answer).toMatchObject({ status: 404, body: { code: 'order_not_found' } });
});

it.each(['0', '-1', '1.5', '1e0', '', 'newest', '2147483648'])('the version "%s" is refused', async (version) => {
  const answer = await read(await place(), `?version=${version}`);
  expect(answer).toMatchObject({ status: 422, body: { code: 'validation_failed' } });
});
