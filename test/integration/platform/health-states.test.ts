import { createApplication } from '../../../src/application';
import { createHealthRoutes } from '../../../src/health';
import { createHealthChecks } from '../../../src/health-checks';
import { writeStalls } from '../../../src/kafka/stalls';
import { placeOrder } from '../../../src/orders/place-order';
import { acceptPayment } from '../../../src/payments/accept-payment';
import { writeOpenCircuits } from '../../../src/platform/circuit-reports';
import { connectDatabase, type Database } from '../../../src/platform/database/database';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { silentLogger } from '../../support/logger';
import { newOrder } from '../../support/new-order';

/** What Kafka and Temporal do when they are asked; their own tests have the real ones. */
type Peer = 'answers' | 'refuses' | 'is silent';

interface State {
  readonly name: string;
  readonly arrange?: () => Promise<unknown>;
  readonly database?: 'refuses' | 'is read-only';
  readonly broker?: Peer;
  readonly temporal?: Peer;
  /** The checks that are not healthy; all others are. */
  readonly expected: Readonly<Record<string, { readonly status: string; readonly detail?: string }>>;
  /** Of `/health` and of `/health/ready`. */
  readonly answers: readonly [number, number];
}

let db: TestDatabase;
beforeEach(async () => {
  db = await createTestDatabase();
  await db.query(`INSERT INTO product VALUES ('vps.s', 'VPS', 'service', 9900, 'EUR')`);
});
const closing: Database[] = [];
afterEach(async () => {
  for (const database of closing.splice(0)) await database.$disconnect();
  await db.close();
});

/** A payment's saga, as a statement leaves it. */
async function saga(change: string): Promise<void> {
  const mediator = createApplication({ database: db.database, logger: silentLogger });
  const { order_id, invoice_id, customer_id, amount, currency } = await mediator.send(placeOrder(newOrder));
  await mediator.send(acceptPayment({ order_id, invoice_id, customer_id, amount, currency, payment_id: 'pay_1' }));
  await db.query(`UPDATE saga SET ${change}`);
}

const deadLetter = (state: string, offset: number): Promise<unknown> =>
  db.query(
    `INSERT INTO dead_letter (consumer_group, topic, partition, "offset", key, headers, reason, state)
     VALUES ('provisioning', 'paysaga.order', 0, ${offset}, 'ord_1', '{}', 'test', '${state}')`,
  );

const stall = (group: string, place: string, reason: string): Promise<void> =>
  writeStalls(db.database, { group, process: 'one', stalls: [{ place, reason }] });

const states: readonly State[] = [
  { name: 'all is well', expected: {}, answers: [200, 200] },
  {
    name: 'the broker refuses connections since the start',
    broker: 'refuses',
    expected: { broker: { status: 'unhealthy' } },
    answers: [503, 503],
  },
  {
    name: 'Temporal is silent since the start',
    temporal: 'is silent',
    expected: { temporal: { status: 'unhealthy', detail: 'temporal does not answer in time' } },
    answers: [503, 503],
  },
  {
    name: 'a saga was accepted just now, and Temporal says why it cannot be started',
    arrange: () => saga(`created_at = now(), start_error = 'no such search attribute'`),
    expected: {
      sagas: {
        status: 'degraded',
        detail: '1 not started (`paysaga sagas ls --state pending`): no such search attribute',
      },
    },
    answers: [200, 200],
  },
  {
    name: 'a saga is not started, because no worker runs',
    arrange: () => saga(`created_at = now() - interval '11 seconds'`),
    expected: { sagas: { status: 'degraded', detail: expect.stringContaining('check that a worker runs') } },
    answers: [200, 200],
  },
  {
    name: 'a saga was accepted just now',
    arrange: () => saga('created_at = now()'),
    expected: {},
    answers: [200, 200],
  },
  {
    name: 'a saga was begun, and no step of it ends',
    arrange: () => saga(`started_at = now() - interval '61 seconds', created_at = now() - interval '62 seconds'`),
    expected: { sagas: { status: 'degraded', detail: '1 without progress for 60 s' } },
    answers: [200, 200],
  },
  {
    name: 'a saga is stuck',
    arrange: () => saga(`state = 'stuck', started_at = now()`),
    expected: { sagas: { status: 'degraded', detail: '1 stuck: see `paysaga sagas ls --state stuck`' } },
    answers: [200, 200],
  },
  {
    name: 'a message could not be applied, and another one waits behind it',
    arrange: async () => {
      await deadLetter('dead', 1);
      await deadLetter('queued', 2);
    },
    expected: {
      dead_letters: {
        status: 'degraded',
        detail: '1 consumed messages could not be applied, 1 wait behind them: see `paysaga dead-letters ls`',
      },
    },
    answers: [200, 200],
  },
  {
    name: 'a partition of a consumer group does not move',
    arrange: () => stall('sales', 'orders/3', 'cannot be kept'),
    expected: { consumers: { status: 'degraded', detail: 'stalled: sales at orders/3: cannot be kept' } },
    answers: [200, 200],
  },
  {
    name: 'a whole consumer group does not move',
    arrange: () => stall('sales', '', 'cannot be read'),
    expected: { consumers: { status: 'degraded', detail: 'stalled: sales: cannot be read' } },
    answers: [200, 200],
  },
  {
    name: 'a message is tried again',
    arrange: () => deadLetter('retrying', 1),
    expected: {},
    answers: [200, 200],
  },
  {
    name: 'a row of the outbox is a dead letter',
    arrange: async () => {
      await saga(`state = 'completed'`);
      await db.query(`DELETE FROM outbox WHERE id > (SELECT min(id) FROM outbox)`);
      await db.query(`UPDATE outbox SET parked_at = now(), last_error = 'too large'`);
    },
    expected: { outbox_lag: { status: 'degraded', detail: 'oldest unpublished event 0 s, dead letters: 1' } },
    answers: [200, 200],
  },
  {
    name: 'the relay publishes nothing: an alarm, but no reason to take the API out',
    arrange: async () => {
      await saga(`state = 'completed'`);
      await db.query('ALTER TABLE event DISABLE TRIGGER USER');
      await db.query(`UPDATE event SET occurred_at = now() - interval '20 minutes'`);
    },
    expected: { outbox_lag: { status: 'unhealthy', detail: 'oldest unpublished event 1200 s, dead letters: 0' } },
    answers: [503, 200],
  },
  {
    name: "a payment provider's circuit is open",
    arrange: () =>
      writeOpenCircuits(db.database, 'one', [{ name: 'payment_provider/test', state: 'open', changedAt: new Date() }]),
    expected: { payment_provider: { status: 'degraded', detail: 'circuit open: payment_provider/test (1 worker)' } },
    answers: [200, 200],
  },
  {
    name: 'the database cannot be written',
    database: 'is read-only',
    expected: { database: { status: 'unhealthy', detail: 'the database is read-only: nothing can be written' } },
    answers: [503, 503],
  },
  {
    name: 'the database is gone',
    database: 'refuses',
    expected: {
      database: { status: 'unhealthy' },
      outbox_lag: { status: 'unhealthy' },
      dead_letters: { status: 'unhealthy' },
      consumers: { status: 'unhealthy' },
      sagas: { status: 'unhealthy' },
      payment_provider: { status: 'degraded' },
      carrier: { status: 'degraded' },
    },
    answers: [503, 503],
  },
];

/** Nothing listens on port 1. */
const unreachable = connectDatabase({
  url: 'postgresql://nobody@127.0.0.1:1/none',
  applicationName: 'test',
  logger: silentLogger,
});
afterAll(() => unreachable.$disconnect());

async function databaseOf(state: State): Promise<Database> {
  if (state.database === 'refuses') return unreachable;
  if (state.database === 'is read-only') {
    await db.query(`ALTER DATABASE ${db.name} SET default_transaction_read_only = on`);
    const readOnly = connectDatabase({ url: db.url, applicationName: 'test', logger: silentLogger });
    closing.push(readOnly);
    return readOnly;
  }
  return db.database;
}

const peer =
  (does: Peer = 'answers') =>
  async (): Promise<never> => {
    if (does === 'refuses') throw new Error('ECONNREFUSED');
    if (does === 'is silent') await new Promise(() => undefined);
    return undefined as never;
  };

it.each(states)('when $name, health says so and no more', async (state) => {
  const { arrange, broker, temporal, expected, answers } = state;
  await arrange?.();
  const database = await databaseOf(state);
  // Opens the connections first: on a busy machine that alone may take longer than a check may.
  const warm = () => database.$queryRawUnsafe('SELECT pg_sleep(0.05)').catch(() => undefined);
  await Promise.all(Array.from({ length: 8 }, warm));
  const routes = createHealthRoutes(
    createHealthChecks({
      database,
      kafka: { describe: peer(broker), close: async () => undefined } as never,
      temporal: { ping: peer(temporal) } as never,
      outboxLag: { checked: true, degradedSeconds: 60, unhealthySeconds: 900 },
      setup: { assert: async () => undefined },
    }),
    60_000,
  );
  const health = await routes.request('/health');
  const { checks } = (await health.json()) as { checks: Record<string, { status: string; detail?: string }> };
  const amiss = Object.fromEntries(Object.entries(checks).filter(([, { status }]) => status !== 'healthy'));
  expect(amiss).toEqual(
    Object.fromEntries(Object.entries(expected).map(([name, check]) => [name, expect.objectContaining(check)])),
  );
  expect([health.status, (await routes.request('/health/ready')).status]).toEqual(answers);
});
