import { newClientId, pay, payUntilSettled, placeOrder, readBalance, readOrder } from '../../../testing/shop';
import { type E2eStack, startE2eStack } from '../../support/e2e-stack';

const CLIENTS = 20;
const ORDERS_PER_CLIENT = 10;
const DEADLINE_MS = 60_000;

describe('many clients at once', () => {
  let stack: E2eStack;
  beforeAll(async () => (stack = await startE2eStack()), 60_000);
  afterAll(() => stack?.stop());

  it('200 orders placed by 20 clients, each paid twice at once: one saga, one credit, one effect each', async () => {
    const { service, checker } = stack;
    const client = async () => {
      const customer_id = newClientId('cus');
      for (let placed = 0; placed < ORDERS_PER_CLIENT; placed += 1) {
        const order = await placeOrder(service, { customer_id });
        const payment_id = newClientId('pay');
        const twice = await Promise.all([1, 2].map(() => payUntilSettled(service, order, { payment_id }, DEADLINE_MS)));
        expect(twice.map(({ status }) => status)).toEqual([200, 200]);
        expect(twice[0]?.text).toBe(twice[1]?.text);
      }
      expect(await readBalance(service, customer_id)).toBe(ORDERS_PER_CLIENT * 9900);
    };
    await Promise.all(Array.from({ length: CLIENTS }, client));

    const total = CLIENTS * ORDERS_PER_CLIENT;
    const { sagas, ledger, provisionings, sales } = await checker.holds(DEADLINE_MS);
    expect([sagas.length, ledger.length, provisionings.length]).toEqual([total, total, total]);
    expect(sales).toMatchObject([{ orders: total, amount: total * 9900 }]);
  }, 150_000);

  it('one idempotency key, 20 clients: one order, the same bytes for all who got an answer', async () => {
    const json = { customer_id: newClientId('cus'), product_sku: 'vps.s', amount: 9900 };
    const headers = { 'idempotency-key': newClientId('key') };
    const answers = await Promise.all(
      Array.from({ length: CLIENTS }, () => stack.service.call('POST', '/orders', { json, headers })),
    );
    const placed = answers.filter(({ status }) => status === 201);
    const waiting = answers.filter(({ status }) => status === 409);
    expect(placed.length).toBeGreaterThan(0);
    expect(new Set(placed.map(({ text }) => text)).size).toBe(1);
    expect([placed.length + waiting.length, waiting.map(({ body }) => body)]).toEqual([
      CLIENTS,
      waiting.map(() => expect.objectContaining({ code: 'request_in_progress' })),
    ]);
    const list = `/orders?customer_id=${json.customer_id}`;
    expect(await stack.service.call('GET', list)).toMatchObject({ body: { data: [{ amount: 9900 }] } });
  });

  it('a cancel races the settlement: one of them wins, and all rows agree with it', async () => {
    const { service, checker } = stack;
    const outcomes = await Promise.all(
      Array.from({ length: 15 }, async (_, index) => {
        const order = await placeOrder(service);
        const paying = pay(service, order, { wait: 1 });
        const cancelled = await afterMs(index * 20, () => service.call('POST', `/orders/${order.order_id}/cancel`));
        await paying;
        return { order, cancelled: cancelled.status };
      }),
    );
    await checker.holds(DEADLINE_MS);
    for (const { order, cancelled } of outcomes) {
      const { status } = await readOrder(service, order.order_id);
      expect([cancelled, status]).toEqual(cancelled === 200 ? [200, 'CANCELLED'] : [409, 'FULFILLED']);
      if (cancelled === 200) expect(await readBalance(service, order.customer_id)).toBe(0);
    }
  });
});

/** Spreads the racers over the time that a payment takes. */
const afterMs = <T>(ms: number, act: () => Promise<T>): Promise<T> =>
  new Promise((resolve, reject) => setTimeout(() => void act().then(resolve, reject), ms));
