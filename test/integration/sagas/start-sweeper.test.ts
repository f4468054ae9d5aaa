import { createApplication } from '../../../src/application';
import { placeOrder } from '../../../src/orders/place-order';
import { acceptPayment } from '../../../src/payments/accept-payment';
import type { Logger } from '../../../src/platform/logger';
import type { SagaStarter, SagaToStart, StartFailure } from '../../../src/sagas/start';
import { runStartSweeper } from '../../../src/sagas/start-sweeper';
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

interface UnstartedOptions {
  readonly secondsAgo: number;
  readonly customer_id?: string;
}

/** A payment that was accepted so long ago, whose saga nobody has started. */
async function unstartedSaga({ secondsAgo, customer_id: customer = 'cus_1' }: UnstartedOptions): Promise<string> {
  const mediator = createApplication({ database: test.database, logger: silentLogger });
  const { order_id, invoice_id, customer_id, amount, currency } = await mediator.send(
    placeOrder({
      customer_id: customer,
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
    `UPDATE saga SET start_after = start_after - $2 * interval '1 second' WHERE saga_id = $1`,
    saga_id,
    secondsAgo,
  );
  return saga_id;
}

const unstarted = async (): Promise<string[]> =>
  (await test.query<{ saga_id: string }>('SELECT saga_id FROM saga WHERE started_at IS NULL ORDER BY start_after')).map(
    ({ saga_id }) => saga_id,
  );

interface Sweep {
  readonly start: (saga: SagaToStart) => StartFailure | string | undefined;
  readonly isAway?: () => boolean;
  readonly logger?: Logger;
}

/** Sweeps until the starter was asked so often. */
async function sweepUntil(asks: number, sweep: Sweep): Promise<SagaToStart[]> {
  const stopping = new AbortController();
  const asked: SagaToStart[] = [];
  const sagas: Pick<SagaStarter, 'attempt'> = {
    attempt: async (saga) => {
      asked.push(saga);
      if (asked.length >= asks) stopping.abort();
      const failure = sweep.start(saga);
      return typeof failure === 'string' ? { reason: failure, kind: 'transient' } : failure;
    },
  };
  const temporal = {
    ping: async () => {
      if (sweep.isAway?.()) throw new Error('Temporal is away.');
    },
  };
  const { logger = silentLogger } = sweep;
  const { database } = test;
  await runStartSweeper({ database, sagas, temporal, logger, signal: stopping.signal, intervalMs: 20 });
  return asked;
}

const idsOf = (sagas: readonly SagaToStart[]): string[] => sagas.map(({ saga_id }) => saga_id);
const REFUSED = 'INVALID_ARGUMENT: that is no saga';

it('starts unstarted sagas after 2 seconds, oldest first, once', async () => {
  const older = await unstartedSaga({ secondsAgo: 30 });
  const newer = await unstartedSaga({ secondsAgo: 3 });
  const fresh = await unstartedSaga({ secondsAgo: 0 });
  const asked = await sweepUntil(2, { start: () => undefined });
  expect(idsOf(asked)).toEqual([older, newer]);
  expect(asked[0]).toMatchObject({ type: 'payment', input: { saga_id: older, amount: 9900 } });
  expect(await unstarted()).toEqual([fresh]);
});

it('ignores ended sagas', async () => {
  const ended = await unstartedSaga({ secondsAgo: 30 });
  await test.query(`UPDATE saga SET state = 'compensated' WHERE saga_id = $1`, ended);
  const running = await unstartedSaga({ secondsAgo: 10 });
  expect(idsOf(await sweepUntil(1, { start: () => undefined }))).toEqual([running]);
});

it('counts no refusal while Temporal is away, and starts all sagas when it is back', async () => {
  const [first, second] = [await unstartedSaga({ secondsAgo: 30 }), await unstartedSaga({ secondsAgo: 10 })];
  let tries = 0;
  const isAway = () => tries <= 4;
  const asked = await sweepUntil(6, { start: () => (++tries <= 4 ? 'UNAVAILABLE' : undefined), isAway });
  expect(idsOf(asked)).toEqual([first, second, first, second, first, second]);
  expect(await unstarted()).toEqual([]);
});

it('stores with every due saga why none can start, logs it once, and starts all after the correction', async () => {
  const sagas = [await unstartedSaga({ secondsAgo: 30 }), await unstartedSaga({ secondsAgo: 10 })];
  const setup: StartFailure = { reason: 'no namespace x', kind: 'setup', command: 'paysaga setup temporal' };
  const lines: unknown[] = [];
  const logger = { ...silentLogger, error: (line: object) => lines.push(line) } as unknown as Logger;
  let tries = 0;
  // Its own ping would say that Temporal is away.
  await sweepUntil(4, { start: () => (++tries <= 4 ? setup : undefined), isAway: () => true, logger });
  expect(lines).toEqual([{ reason: 'no namespace x', command: 'paysaga setup temporal' }]);
  const noted = () =>
    test.query('SELECT start_error, start_attempts FROM saga WHERE saga_id = ANY ($1) ORDER BY start_after', sagas);
  expect(await noted()).toEqual(sagas.map(() => ({ start_error: 'no namespace x', start_attempts: 0 })));

  expect(idsOf(await sweepUntil(2, { start: () => undefined }))).toEqual(sagas);
  expect(await noted()).toEqual(sagas.map(() => ({ start_error: null, start_attempts: 0 })));
});

it('starts the other sagas when Temporal refuses one, which waits and is logged once', async () => {
  const poisoned = await unstartedSaga({ secondsAgo: 30 });
  const healthy = await unstartedSaga({ secondsAgo: 10 });
  const lines: unknown[] = [];
  const logger = { ...silentLogger, error: (line: object) => lines.push(line) } as unknown as Logger;
  const start = ({ saga_id }: SagaToStart) => (saga_id === poisoned ? REFUSED : undefined);
  expect(idsOf(await sweepUntil(2, { start, logger }))).toEqual([poisoned, healthy]);
  expect(await unstarted()).toEqual([poisoned]);

  const later = await unstartedSaga({ secondsAgo: 3 });
  expect(idsOf(await sweepUntil(1, { start, logger }))).toEqual([later]);
  await makeDue(poisoned);
  expect(idsOf(await sweepUntil(1, { start, logger }))).toEqual([poisoned]);
  expect(lines).toEqual([{ saga_id: poisoned, reason: REFUSED, refused_at_once: 1 }]);
  const [row] = await test.query<{ waits: number }>(
    `SELECT start_attempts, start_error, extract(epoch FROM start_after - now())::float8 AS waits
     FROM saga WHERE saga_id = $1`,
    poisoned,
  );
  expect(row).toMatchObject({ start_attempts: 2, start_error: REFUSED });
  expect(row?.waits).toBeGreaterThan(0.8);

  await makeDue(poisoned);
  expect(idsOf(await sweepUntil(1, { start: () => undefined }))).toEqual([poisoned]);
  expect(await unstarted()).toEqual([]);
});

it('finds a startable saga after more refused sagas than a page has', async () => {
  const poisoned = new Set<string>();
  for (let count = 0; count < 60; count += 1) poisoned.add(await unstartedSaga({ secondsAgo: 30 }));
  const healthy = await unstartedSaga({ secondsAgo: 3 });
  const lines: unknown[] = [];
  const logger = { ...silentLogger, error: (line: object) => lines.push(line) } as unknown as Logger;
  const start = ({ saga_id }: SagaToStart) => (poisoned.has(saga_id) ? REFUSED : undefined);
  expect(idsOf(await sweepUntil(61, { start, logger }))).toContain(healthy);
  expect(await unstarted()).not.toContain(healthy);
  expect(lines.length).toBeLessThan(60);
});

const makeDue = (sagaId: string) => test.query('UPDATE saga SET start_after = now() WHERE saga_id = $1', sagaId);

it('continues after an outage of the database', async () => {
  const saga_id = await unstartedSaga({ secondsAgo: 30 });
  await test.query(`ALTER TABLE saga RENAME TO saga_away`);
  const swept = sweepUntil(1, { start: () => undefined });
  await test.query(`ALTER TABLE saga_away RENAME TO saga`);
  expect(idsOf(await swept)).toEqual([saga_id]);
});

it('lets customers take turns, so that a burst of one does not delay another', async () => {
  const burst: string[] = [];
  for (let count = 0; count < 3; count += 1) burst.push(await unstartedSaga({ secondsAgo: 60 - count }));
  const lone = await unstartedSaga({ secondsAgo: 3, customer_id: 'cus_2' });
  const asked = await sweepUntil(4, { start: () => undefined });
  expect(idsOf(asked)).toEqual([burst[0], lone, burst[1], burst[2]]);
});

it('starts payments before the orders of a burst', async () => {
  const orders = [await unstartedSaga({ secondsAgo: 60 }), await unstartedSaga({ secondsAgo: 50 })];
  await test.query(`UPDATE saga SET type = 'order' WHERE saga_id = ANY ($1)`, orders);
  const payment = await unstartedSaga({ secondsAgo: 3 });
  const asked = await sweepUntil(3, { start: () => undefined });
  expect(idsOf(asked)).toEqual([payment, ...orders]);
});
