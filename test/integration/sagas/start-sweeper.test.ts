import { createApplication } from '../../../src/application';
import { placeOrder } from '../../../src/orders/place-order';
import { acceptPayment } from '../../../src/payments/accept-payment';
import type { SagaStarter, SagaToStart } from '../../../src/sagas/start/start-saga';
import { runStartSweeper } from '../../../src/sagas/start/start-sweeper';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { silentLogger } from '../../support/logger';

let test: TestDatabase;
let payments = 0;

beforeAll(async () => {
  test = await createTestDatabase();
  await test.query(`INSERT INTO product VALUES ('vps.s', 'VPS', 'service', 9900, 'EUR')`);
});
beforeEach(() => test.query(`UPDATE saga SET started_at = now()`));
afterAll(() => test.close());

/** A payment that was accepted so long ago, whose saga nobody has started. */
async function unstartedSaga({ secondsAgo }: { secondsAgo: number }): Promise<string> {
  const mediator = createApplication({ database: test.database, logger: silentLogger });
  const { order_id, invoice_id, customer_id, amount, currency } = await mediator.send(
    placeOrder({
      customer_id: 'cus_1',
      product_sku: 'vps.s',
      amount: 9900,
      currency: 'EUR',
      quantity: 1,
      collection_method: 'send_invoice',
    }),
  );
  const payment_id = `pay_${++payments}`;
  await mediator.send(acceptPayment({ order_id, invoice_id, customer_id, amount, currency, payment_id }));
  const saga_id = `payment-${payment_id}`;
  await test.query(
    `UPDATE saga SET created_at = now() - $2 * interval '1 second' WHERE saga_id = $1`,
    saga_id,
    secondsAgo,
  );
  return saga_id;
}

const unstarted = async (): Promise<string[]> =>
  (await test.query<{ saga_id: string }>('SELECT saga_id FROM saga WHERE started_at IS NULL ORDER BY created_at')).map(
    ({ saga_id }) => saga_id,
  );

/** Sweeps until the starter was asked so often. */
async function sweepUntil(asks: number, start: (saga: SagaToStart) => boolean): Promise<SagaToStart[]> {
  const stopping = new AbortController();
  const asked: SagaToStart[] = [];
  const sagas: Pick<SagaStarter, 'start'> = {
    start: async (saga) => {
      asked.push(saga);
      if (asked.length >= asks) stopping.abort();
      return start(saga);
    },
  };
  const { database } = test;
  await runStartSweeper({ database, sagas, logger: silentLogger, signal: stopping.signal, intervalMs: 20 });
  return asked;
}

it('starts what was accepted 2 seconds ago and not started, the oldest first, once', async () => {
  const older = await unstartedSaga({ secondsAgo: 30 });
  const newer = await unstartedSaga({ secondsAgo: 3 });
  const fresh = await unstartedSaga({ secondsAgo: 0 });
  const asked = await sweepUntil(2, () => true);
  expect(asked.map(({ saga_id }) => saga_id)).toEqual([older, newer]);
  expect(asked[0]).toMatchObject({ type: 'payment', input: { saga_id: older, amount: 9900 } });
  expect(await unstarted()).toEqual([fresh]);
});

it('leaves sagas alone that have ended', async () => {
  const ended = await unstartedSaga({ secondsAgo: 30 });
  await test.query(`UPDATE saga SET state = 'compensated' WHERE saga_id = $1`, ended);
  const running = await unstartedSaga({ secondsAgo: 10 });
  expect((await sweepUntil(1, () => true)).map(({ saga_id }) => saga_id)).toEqual([running]);
});

it('tries one saga again and again while Temporal is away, and starts all when it is back', async () => {
  const first = await unstartedSaga({ secondsAgo: 30 });
  const second = await unstartedSaga({ secondsAgo: 10 });
  let tries = 0;
  const asked = await sweepUntil(5, () => ++tries > 3);
  expect(asked.map(({ saga_id }) => saga_id)).toEqual([first, first, first, first, second]);
  expect(await unstarted()).toEqual([]);
});

it('goes on while the database is away', async () => {
  const saga_id = await unstartedSaga({ secondsAgo: 30 });
  await test.query(`ALTER TABLE saga RENAME TO saga_away`);
  const swept = sweepUntil(1, () => true);
  await test.query(`ALTER TABLE saga_away RENAME TO saga`);
  expect((await swept).map((saga) => saga.saga_id)).toEqual([saga_id]);
});
