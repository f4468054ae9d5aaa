import pino from 'pino';
import { shardOf } from '../../../src/events/append';
import { readOutboxLag } from '../../../src/health-checks';
import type { Kafka } from '../../../src/kafka/client';
import { registerOutboxMetrics } from '../../../src/outbox/backlog-metrics';
import { createRelayMetrics } from '../../../src/outbox/relay-metrics';
import { createMetrics, type Metrics, type MetricsServer, startMetricsServer } from '../../../src/platform/metrics';
import { takeLoopbackPort } from '../../../src/platform/temporal/temporal-worker';
import { eventually } from '../../../testing/eventually';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { connectTestKafka, createTestTopic } from '../../support/kafka/kafka';
import { silentLogger } from '../../support/logger';
import { appendThing, thingRegistry } from '../../support/outbox/outbox';
import { type RunningRelay, startRelay } from '../../support/outbox/relay';
import { namingFaults, scrape } from '../../support/prometheus';

const within = { deadlineMs: 20_000 };

let db: TestDatabase;
let kafka: Kafka;
let topic: string;
let metrics: Metrics;
let server: MetricsServer;
let url: string;
let relay: RunningRelay | undefined;

beforeAll(async () => {
  db = await createTestDatabase();
  kafka = connectTestKafka();
});
beforeEach(async () => {
  topic = await createTestTopic(kafka, 'metrics');
  metrics = createMetrics();
  const port = await takeLoopbackPort();
  server = await startMetricsServer({ host: '127.0.0.1', port, metrics, logger: silentLogger });
  url = `http://127.0.0.1:${port}/metrics`;
  registerOutboxMetrics({ metrics, database: db.database, registry: thingRegistry(topic), logger: silentLogger });
});
afterEach(async () => {
  await relay?.stop();
  relay = undefined;
  await db.empty('outbox', 'event');
  await server.close();
});
afterAll(() => db.close());

const start = (options: Partial<Parameters<typeof startRelay>[0]> = {}) => {
  const registry = thingRegistry(topic);
  relay = startRelay({
    database: db.database,
    kafka,
    registry,
    metrics: createRelayMetrics(metrics, registry),
    ...options,
  });
};

test('the metrics count pending rows, published rows and dead letters, by shard and topic', async () => {
  for (let version = 1; version <= 5; version += 1) await appendThing(db, { aggregateId: 'thing', version });
  await appendThing(db, { aggregateId: 'odd', version: 1, type: 'thing.unheard-of' });
  await appendThing(db, { aggregateId: 'odd', version: 2 });

  const before = await scrape(url);
  expect(before.sum('paysaga_outbox_pending')).toBe(7);
  expect(before.sum('paysaga_outbox_parked')).toBe(0);
  expect(before.sum('paysaga_outbox_oldest_age_seconds', { shard: String(shardOf('thing')) })).toBeGreaterThanOrEqual(
    0,
  );

  start();
  const after = await eventually(async () => {
    const scraped = await scrape(url);
    expect(scraped.sum('paysaga_outbox_pending')).toBe(1);
    expect(scraped.sum('paysaga_outbox_parked')).toBe(1);
    expect(scraped.sum('paysaga_outbox_parked_total')).toBe(1);
    return scraped;
  }, within);

  const shard = String(shardOf('thing'));
  expect(after.sum('paysaga_outbox_published_total', { shard, topic })).toBe(5);
  expect(after.sum('paysaga_outbox_parked_total', { shard: String(shardOf('odd')), topic: 'none' })).toBe(1);
  expect(after.sum('paysaga_outbox_failed_total', { reason: 'row' })).toBe(1);
  expect(after.sum('paysaga_outbox_parked', { topic: 'none' })).toBe(1);
  expect(after.sum('paysaga_outbox_batch_rows_sum', { shard })).toBe(5);
  expect(after.sum('paysaga_outbox_batch_duration_seconds_count')).toBeGreaterThanOrEqual(1);
  expect(namingFaults(after)).toEqual([]);
});

test('counts waits for the broker, and against no row what is the broker’s fault', async () => {
  const away: Kafka = {
    ...kafka,
    createProducer: () => ({
      connect: () => Promise.reject(new Error('connect ECONNREFUSED')),
      sendBatch: () => Promise.reject(new Error('never connected')),
      disconnect: async () => undefined,
    }),
  };
  await appendThing(db, { aggregateId: 'thing', version: 1 });
  start({ kafka: away });
  await eventually(async () => {
    const scraped = await scrape(url);
    expect(scraped.sum('paysaga_outbox_relay_waits_total', { on: 'broker' })).toBeGreaterThanOrEqual(2);
    expect(scraped.sum('paysaga_outbox_failed_total', { topic, reason: 'broker' })).toBeGreaterThanOrEqual(2);
  }, within);
  expect((await scrape(url)).sum('paysaga_outbox_parked_total')).toBeUndefined();
});

test('the metrics estimate a backlog that is too large to count, within a few per cent and fast', async () => {
  await db.query(`INSERT INTO event (event_id, aggregate_type, aggregate_id, version, type, data_version, payload,
      occurred_at, correlation_id)
    SELECT 'evt_backlog_' || n, 'thing', 'thing_' || n, 1, 'thing.happened', 1, '{}', now() - interval '1 minute', 'req_test'
    FROM generate_series(0, 15) AS n`);
  await db.query(`INSERT INTO outbox (event_id, shard, aggregate_id)
    SELECT event_id, substr(aggregate_id, 7)::int, aggregate_id FROM event`);
  // A million rows without a million events.
  await db.query('SET session_replication_role = replica');
  try {
    await db.query(`INSERT INTO outbox (event_id, shard, aggregate_id)
      SELECT 'evt_without_' || n, n % 16, repeat('x', 60) FROM generate_series(1, 1000000) AS n`);
    const began = performance.now();
    const scraped = await scrape(url);
    expect(performance.now() - began).toBeLessThan(3_000);
    expect(scraped.sum('paysaga_outbox_pending')).toBeGreaterThan(950_000);
    expect(scraped.sum('paysaga_outbox_pending')).toBeLessThan(1_050_000);
    expect(scraped.samples.filter(({ name }) => name === 'paysaga_outbox_pending')).toHaveLength(16);
    expect(scraped.sum('paysaga_outbox_oldest_age_seconds', { shard: '0' })).toBeGreaterThanOrEqual(60);

    const asked = performance.now();
    expect((await readOutboxLag(db.database)).oldestSeconds).toBeGreaterThanOrEqual(60);
    expect(performance.now() - asked).toBeLessThan(1_000);
  } finally {
    await db.query('SET session_replication_role = origin');
  }
});

test('answers without samples of the outbox while the database is away', async () => {
  const lost = createMetrics();
  const port = await takeLoopbackPort();
  const other = await startMetricsServer({ host: '127.0.0.1', port, metrics: lost, logger: silentLogger });
  const away = async (): Promise<never> => {
    throw new Error('connection refused');
  };
  const database = { $queryRawUnsafe: away, $executeRawUnsafe: away } as unknown as TestDatabase['database'];
  registerOutboxMetrics({ metrics: lost, database, registry: thingRegistry(topic), logger: silentLogger });
  const scraped = await scrape(`http://127.0.0.1:${port}/metrics`);
  expect(scraped.types.paysaga_outbox_pending).toBe('gauge');
  expect(scraped.sum('paysaga_outbox_pending')).toBeUndefined();
  expect(scraped.sum('process_resident_memory_bytes')).toBeGreaterThan(0);
  await other.close();
});

test('the relay logs each event at debug, and at info a batch of which something failed', async () => {
  const lines: Record<string, unknown>[] = [];
  const logger = pino(
    { level: 'debug' },
    { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const eventId = await appendThing(db, { aggregateId: 'thing', version: 1 });
  await appendThing(db, { aggregateId: 'odd', version: 1, type: 'thing.unheard-of' });
  start({ logger });
  await eventually(() => expect(lines.map(({ msg }) => msg)).toContain('outbox.batch_complete'), within);

  expect(lines.find(({ msg }) => msg === 'outbox.event_published')).toMatchObject({
    level: pino.levels.values['debug'],
    event_id: eventId,
    type: 'thing.happened',
    aggregate_id: 'thing',
    version: 1,
  });
  expect(lines.find(({ msg }) => msg === 'outbox.batch_complete')).toMatchObject({
    level: pino.levels.values['info'],
    published: 1,
    failed: 1,
    total: 2,
    success_rate: 0.5,
    duration_ms: expect.any(Number),
  });
  expect(lines.find(({ msg }) => msg === 'outbox.row_parked')).toMatchObject({ aggregate_id: 'odd', attempts: 1 });
});
