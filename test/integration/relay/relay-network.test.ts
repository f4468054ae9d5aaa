import type { Kafka } from '../../../src/kafka/client';
import { eventually } from '../../../testing/eventually';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import {
  brokerAddress,
  connectTestKafka,
  connectTestKafkaThrough,
  createTestTopic,
  readTopic,
  type TopicReader,
} from '../../support/kafka/kafka';
import { startToxiproxy, type Toxic, type Toxiproxy } from '../../support/network/toxiproxy';
import { appendThing, firstOccurrences, thingRegistry, versionsByKey } from '../../support/outbox/outbox';
import { relayConfig, type RunningRelay, startRelay } from '../../support/outbox/relay';

const within = { deadlineMs: 45_000 };
const AGGREGATES = 5;
const direct = connectTestKafka();

let db: TestDatabase;
let way: Toxiproxy;
let topic: string;
let reader: TopicReader;
let relay: RunningRelay;
let producers: number;
let beats: number;

beforeAll(async () => {
  [db, way] = await Promise.all([createTestDatabase(), startToxiproxy(brokerAddress())]);
}, 180_000);
beforeEach(async () => {
  topic = await createTestTopic(direct, 'relay-network');
  reader = await readTopic(direct, topic);
  [producers, beats] = [0, 0];
  const kafka = connectTestKafkaThrough(way.port);
  const counted: Kafka = { ...kafka, createProducer: () => ((producers += 1), kafka.createProducer()) };
  relay = startRelay({
    database: db.database,
    kafka: counted,
    registry: thingRegistry(topic),
    config: { ...relayConfig, batchSize: 4 },
    heartbeat: () => (beats += 1),
  });
});
afterEach(async () => {
  await way?.clear();
  await relay?.stop();
  await db?.empty('outbox', 'event');
  await reader?.close();
});
afterAll(async () => {
  await Promise.all([db?.close(), way?.stop()]);
});

/** The next versions of each aggregate, up to this one. */
async function appendUpTo(last: number): Promise<void> {
  const [{ next = 1 } = {}] = await db.query<{ next: number }>(
    'SELECT coalesce(max(version), 0) + 1 AS next FROM event',
  );
  for (let version = next; version <= last; version += 1) {
    for (let n = 0; n < AGGREGATES; n += 1) await appendThing(db, { aggregateId: `thing-${n}`, version });
  }
}
const waiting = () => db.query<{ attempts: number }>('SELECT attempts FROM outbox ORDER BY id');
const drained = () => eventually(async () => expect(await waiting()).toHaveLength(0), within);
const published = (last: number) =>
  eventually(() => {
    const versions = Object.values(versionsByKey(reader.messages)).map(firstOccurrences);
    expect(versions).toEqual(Array.from({ length: AGGREGATES }, () => upTo(last)));
  }, within);
const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);
const bothWays = (toxic: Omit<Toxic, 'stream'>): Toxic[] => [
  { ...toxic, stream: 'upstream' },
  { ...toxic, stream: 'downstream' },
];

test('a slow way costs time, and nothing else', async () => {
  await way.add(...bothWays({ type: 'latency', attributes: { latency: 150, jitter: 100 } }));
  await appendUpTo(12);
  await drained();
  await published(12);
  expect(reader.messages).toHaveLength(12 * AGGREGATES);
});

test('connections that are reset again and again lose nothing, and order holds', async () => {
  for (let last = 2; last <= 8; last += 2) {
    const before = producers;
    await way.add(...bothWays({ type: 'reset_peer', attributes: { timeout: 0 } }));
    await appendUpTo(last);
    await eventually(() => expect(producers).toBeGreaterThan(before), within);
    expect((await waiting()).filter(({ attempts }) => attempts > 0)).toEqual([]);
    await way.clear();
    await drained();
  }
  await published(8);
});

test('connections that swallow everything are waited out, with heartbeats, and count against no row', async () => {
  await appendUpTo(2);
  await drained();
  await way.add(...bothWays({ type: 'timeout', attributes: { timeout: 0 } }));
  await appendUpTo(6);
  const before = beats;
  await eventually(() => expect(beats).toBeGreaterThan(before + 3), within);
  expect((await waiting()).map(({ attempts }) => attempts)).toEqual(Array(4 * AGGREGATES).fill(0));
  await way.clear();
  await drained();
  await published(6);
});

test('an answer that is lost: Kafka has the batch, the send throws, the same rows go again by a new producer', async () => {
  await appendUpTo(2);
  await drained();
  const before = producers;
  await way.add({ type: 'reset_peer', stream: 'downstream', attributes: { timeout: 500 } });
  await appendUpTo(6);
  await eventually(() => expect(reader.messages.length).toBeGreaterThan(2 * AGGREGATES), within);
  await eventually(() => expect(producers).toBeGreaterThan(before), within);
  expect((await waiting()).map(({ attempts }) => attempts)).toEqual(Array(4 * AGGREGATES).fill(0));

  await way.clear();
  await drained();
  await published(6);
  expect(reader.messages.length).toBeGreaterThan(6 * AGGREGATES);
}, 90_000);
