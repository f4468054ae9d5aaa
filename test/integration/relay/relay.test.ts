import { shardOf } from '../../../src/events/append';
import type { Kafka } from '../../../src/kafka/client';
import type { RelayOptions } from '../../../src/outbox/relay';
import { claimPending, takeShards } from '../../../src/outbox/relay.sql';
import { createFaults } from '../../../src/platform/faults';
import { eventually } from '../../../testing/eventually';
import { openConnection } from '../../support/connection';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { createDeferred } from '../../support/deferred';
import { connectTestKafka, createTestTopic, readTopic, type TopicReader, uniqueName } from '../../support/kafka/kafka';
import { silentLogger } from '../../support/logger';
import { appendThing, firstOccurrences, thingRegistry, versionsByKey } from '../../support/outbox/outbox';
import { allShards, relayConfig, type RunningRelay, startRelay } from '../../support/outbox/relay';

const within = { deadlineMs: 20_000 };
const running: RunningRelay[] = [];

let db: TestDatabase;
let kafka: Kafka;
let topic: string;
let reader: TopicReader;

beforeAll(async () => {
  db = await createTestDatabase();
  kafka = connectTestKafka();
});
beforeEach(async () => {
  topic = await createTestTopic(kafka, 'relay');
  reader = await readTopic(kafka, topic);
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((relay) => relay.stop()));
  await db.empty('outbox', 'event');
  await db.query('DELETE FROM fault');
  await reader.close();
});
afterAll(() => db.close());

function start(options: Partial<RelayOptions> = {}): RunningRelay {
  const relay = startRelay({ database: db.database, kafka, registry: thingRegistry(topic), ...options });
  running.push(relay);
  return relay;
}

const pending = async (): Promise<number> => {
  const [row] = await db.query<{ count: number }>('SELECT count(*)::int FROM outbox');
  return row?.count ?? 0;
};
const published = (count: number) =>
  eventually(() => expect(reader.messages.length).toBeGreaterThanOrEqual(count), within);
const drained = () => eventually(async () => expect(await pending()).toBe(0), within);

test('publishes every event once and in version order while many clients write', async () => {
  start({ config: { ...relayConfig, batchSize: 7 } });
  const aggregates = Array.from({ length: 12 }, () => uniqueName('thing'));
  const writers = await Promise.all(Array.from({ length: 6 }, () => openConnection(db.url)));
  const write = async (writer: (typeof writers)[number], turn: number) => {
    const aggregateId = aggregates[turn % aggregates.length] ?? '';
    await writer.query('BEGIN');
    await writer.query('SELECT pg_advisory_xact_lock(hashtext($1))', aggregateId);
    const [row] = await writer.query<{ next: number }>(
      'SELECT coalesce(max(version), 0) + 1 AS next FROM event WHERE aggregate_id = $1',
      aggregateId,
    );
    await appendThing(writer, { aggregateId, version: row?.next ?? 1 });
    await writer.query('COMMIT');
  };
  await Promise.all(
    writers.map(async (writer, first) => {
      for (let turn = first; turn < 60; turn += 1) await write(writer, turn);
    }),
  );
  await Promise.all(writers.map((writer) => writer.end()));
  const [total] = await db.query<{ count: number }>('SELECT count(*)::int FROM event');

  await drained();
  await published(total?.count ?? 0);
  for (const versions of Object.values(versionsByKey(reader.messages))) {
    expect(versions).toEqual(versions.map((_, index) => index + 1));
  }
  expect(reader.messages).toHaveLength(total?.count ?? 0);
});

test('loses neither of two transactions that commit in the other order than their ids', async () => {
  const [first, second] = [await openConnection(db.url), await openConnection(db.url)];
  const shard = shardOf('early');
  const late = Array.from({ length: 1_000 }, (_, n) => `late-${n}`).find((id) => shardOf(id) === shard) ?? '';
  await first.query('BEGIN');
  await appendThing(first, { aggregateId: 'early', version: 1 });
  await appendThing(second, { aggregateId: late, version: 1 });

  start();
  await published(1);
  expect(reader.messages.map(({ key }) => key)).toEqual([late]);
  await first.query('COMMIT');
  await published(2);
  await drained();
  expect(reader.messages.map(({ key }) => key)).toEqual([late, 'early']);
  await Promise.all([first.end(), second.end()]);
});

test('claims a backlog as fast when the outbox was empty until then', async () => {
  await db.query('VACUUM ANALYZE outbox');
  const leases = await takeShards(db.database, allShards);
  // Postgres keeps a plan after five executions on a connection.
  for (let polls = 0; polls < 12 * 10; polls += 1)
    await claimPending(db.database, leases, { limit: 100, inFlight: [], lowWatermarks: new Map() });
  await db.query(`INSERT INTO event (event_id, aggregate_type, aggregate_id, version, type, data_version, payload,
      occurred_at, correlation_id)
    SELECT 'evt_backlog_' || n, 'thing', 'thing_' || n, 1, 'thing.happened', 1, '{}', now(), 'req_test'
    FROM generate_series(1, 50000) AS n`);
  await db.query(`INSERT INTO outbox (event_id, shard, aggregate_id)
    SELECT event_id, version, aggregate_id FROM event WHERE event_id LIKE 'evt_backlog_%'`);

  const began = performance.now();
  const { rows } = await claimPending(db.database, leases, { limit: 100, inFlight: [], lowWatermarks: new Map() });

  expect(rows).toHaveLength(100);
  expect(performance.now() - began).toBeLessThan(1_000);
});

test('marks nothing after another relay took its shards, and stops', async () => {
  const { gate: paused, reached, open } = gatedKafka('after');
  await appendThing(db, { aggregateId: 'thing', version: 1 });
  const relay = start({ kafka: paused });
  await reached;

  await takeShards(db.database, allShards);
  open();

  expect(await relay.result).toEqual({ published: 0, fencedOff: true });
  expect(await pending()).toBe(1);
});

test('one that slept before it sent sends its batch once more, after the new owner went on: first occurrences stay in order', async () => {
  const { gate: slept, reached, open } = gatedKafka('before');
  for (let version = 1; version <= 3; version += 1) await appendThing(db, { aggregateId: 'thing', version });
  const sleeper = start({ kafka: slept });
  await reached;
  start();
  await drained();
  await appendThing(db, { aggregateId: 'thing', version: 4 });
  await published(4);

  open();
  expect(await sleeper.result).toEqual({ published: 0, fencedOff: true });
  await appendThing(db, { aggregateId: 'thing', version: 5 });
  await published(8);
  await drained();
  expect(versionsByKey(reader.messages).thing).toEqual([1, 2, 3, 4, 1, 2, 3, 5]);
});

test('sends the same rows again with a new producer when a send fails although Kafka has them', async () => {
  let sends = 0;
  let producers = 0;
  const flaky = withSendBatch(kafka, async (send) => {
    await send();
    sends += 1;
    if (sends === 2) throw Object.assign(new Error('Connection closed'), { name: 'KafkaJSConnectionClosedError' });
  });
  const counted: Kafka = { ...flaky, createProducer: () => ((producers += 1), flaky.createProducer()) };
  for (let version = 1; version <= 40; version += 1) await appendThing(db, { aggregateId: 'thing', version });

  start({ kafka: counted, config: { ...relayConfig, batchSize: 10 }, shards: [shardOf('thing')] });
  await drained();
  await published(50);

  const versions = versionsByKey(reader.messages).thing ?? [];
  expect(firstOccurrences(versions)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
  expect(versions.slice(10, 30)).toEqual([...versions.slice(10, 20), ...versions.slice(10, 20)]);
  expect(versions).toHaveLength(50);
  expect(producers).toBe(2);
});

test('parks a row whose event has no topic: its aggregate waits for it, the others go on', async () => {
  await appendThing(db, { aggregateId: 'held', version: 1 });
  await appendThing(db, { aggregateId: 'held', version: 2, type: 'thing.unheard-of' });
  await appendThing(db, { aggregateId: 'held', version: 3 });
  await appendThing(db, { aggregateId: 'free', version: 1 });

  const relay = start();
  await published(2);
  await eventually(async () => expect(await parked()).toHaveLength(1), within);
  await appendThing(db, { aggregateId: 'held', version: 4 });
  await appendThing(db, { aggregateId: 'free', version: 2 });
  await published(3);

  expect(versionsByKey(reader.messages)).toEqual({ held: [1], free: [1, 2] });
  expect(await parked()).toMatchObject([{ attempts: 1, last_error: expect.stringContaining('thing.unheard-of') }]);
  await eventually(async () => expect(await pending()).toBe(3), within);

  await relay.stop();
  await db.query(`DELETE FROM outbox WHERE parked_at IS NOT NULL`);
  start();
  await published(5);
  expect(versionsByKey(reader.messages).held).toEqual([1, 3, 4]);
});

test('finds the row that Kafka refuses, tries it again with backoff, and parks it', async () => {
  const admin = kafka.createAdmin();
  await admin.connect();
  await admin.alterConfigs({
    validateOnly: false,
    resources: [{ type: 2, name: topic, configEntries: [{ name: 'max.message.bytes', value: '3000' }] }],
  });
  await admin.disconnect();
  const shard = shardOf('big');
  const small = Array.from({ length: 1_000 }, (_, n) => `small-${n}`)
    .filter((id) => shardOf(id) === shard)
    .slice(0, 3);
  for (const aggregateId of small) await appendThing(db, { aggregateId, version: 1 });
  await appendThing(db, { aggregateId: 'big', version: 1 });
  await appendThing(db, { aggregateId: 'big', version: 2, text: 'x'.repeat(5_000) });
  await appendThing(db, { aggregateId: 'big', version: 3 });

  start({ config: { ...relayConfig, maxRetryCount: 1 } });
  await eventually(async () => expect(await parked()).toHaveLength(1), within);
  expect(await parked()).toMatchObject([{ attempts: 2, last_error: expect.stringContaining('MESSAGE_TOO_LARGE') }]);
  const versions = versionsByKey(reader.messages);
  expect(firstOccurrences(versions.big ?? [])).toEqual([1]);
  expect(Object.keys(versions).sort()).toEqual(['big', ...small].sort());
});

test('sends again what it had sent when it failed before marking, in order', async () => {
  const faults = createFaults({ database: db.database, enabled: true, logger: silentLogger });
  await faults.arm({ point: 'relay.after_send', kind: 'error', times: 1 });
  for (let version = 1; version <= 5; version += 1) await appendThing(db, { aggregateId: 'thing', version });
  start();
  await drained();
  await published(10);
  expect(versionsByKey(reader.messages).thing).toEqual([1, 2, 3, 4, 5, 1, 2, 3, 4, 5]);
});

test('finishes the batch in flight when it is stopped', async () => {
  const { gate: slow, reached, open } = gatedKafka('before');
  for (let version = 1; version <= 3; version += 1) await appendThing(db, { aggregateId: 'thing', version });
  const relay = start({ kafka: slow });
  await reached;
  const stopped = relay.stop();
  open();
  expect(await stopped).toEqual({ published: 3, fencedOff: false });
  expect(await pending()).toBe(0);
});

test('returns by itself when its time is up, and keeps heartbeating until then', async () => {
  let beats = 0;
  const result = await start({ runForMs: 1_200, heartbeat: () => (beats += 1) }).result;
  expect(result).toEqual({ published: 0, fencedOff: false });
  expect(beats).toBeGreaterThanOrEqual(2);
});

const parked = () =>
  db.query<{ attempts: number; last_error: string }>('SELECT * FROM outbox WHERE parked_at IS NOT NULL');

/** The real broker, with something around each send. */
function withSendBatch(real: Kafka, around: (send: () => Promise<void>) => Promise<void>): Kafka {
  return {
    ...real,
    createProducer() {
      const producer = real.createProducer();
      return { ...producer, sendBatch: (batch) => around(() => producer.sendBatch(batch)) };
    },
  };
}

/** The real broker, but each send stops before or after it, until it is let on. */
function gatedKafka(where: 'before' | 'after') {
  const reached = createDeferred();
  const opened = createDeferred();
  const gate = withSendBatch(kafka, async (send) => {
    if (where === 'after') await send();
    reached.resolve();
    await opened.promise;
    if (where === 'before') await send();
  });
  return { gate, reached: reached.promise, open: () => opened.resolve() };
}
