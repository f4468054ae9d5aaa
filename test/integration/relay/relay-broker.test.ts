import type { Kafka } from '../../../src/kafka/client';
import { createTopics } from '../../../src/kafka/topics';
import { eventually } from '../../../testing/eventually';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { connectTestKafka, createTestTopic, readTopic, topicSettings, uniqueName } from '../../support/kafka/kafka';
import { limitProducer } from '../../support/kafka/kafka-quota';
import { appendThing, thingRegistry, versionsByKey } from '../../support/outbox/outbox';
import { relayConfig, type RunningRelay, startRelay } from '../../support/outbox/relay';

const within = { deadlineMs: 30_000 };
const kafka = connectTestKafka();
let db: TestDatabase;
let relay: RunningRelay;
let beats: number;

beforeAll(async () => {
  db = await createTestDatabase();
});
afterEach(async () => {
  await relay.stop();
  await db.empty('outbox', 'event');
});
afterAll(() => db.close());

function start(topic: string, producing: Kafka, batchSize = 100): void {
  beats = 0;
  relay = startRelay({
    database: db.database,
    kafka: producing,
    registry: thingRegistry(topic),
    config: { ...relayConfig, batchSize },
    heartbeat: () => (beats += 1),
  });
}
const append = async (from: number, to: number, text = 'ok') => {
  for (let version = from; version <= to; version += 1) await appendThing(db, { aggregateId: 'thing', version, text });
};
const waiting = () => db.query<{ attempts: number }>('SELECT attempts FROM outbox ORDER BY id');
const drained = () => eventually(async () => expect(await waiting()).toHaveLength(0), within);
const between = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

test('waits for a topic that was deleted, counts it against no row, and goes on in order once it is made', async () => {
  const topic = await createTestTopic(kafka, 'relay-deleted');
  start(topic, kafka);
  await append(1, 3);
  await drained();

  const admin = kafka.createAdmin();
  await admin.connect();
  await admin.deleteTopics({ topics: [topic] });
  await eventually(async () => expect(await admin.listTopics()).not.toContain(topic), within);
  await append(4, 8);
  const before = beats;
  await eventually(() => expect(beats).toBeGreaterThan(before + 3), within);
  expect(await waiting()).toEqual(Array(5).fill({ attempts: 0 }));

  await createTopics({ kafka, topics: [topic], config: topicSettings });
  await drained();
  const reader = await readTopic(kafka, topic);
  await eventually(() => expect(reader.messages).toHaveLength(5), within);
  expect(versionsByKey(reader.messages)).toEqual({ thing: between(4, 8) });
  await Promise.all([reader.close(), admin.disconnect()]);
});

test('goes as slowly as a broker that throttles it allows: each event once, in order, no attempt counted', async () => {
  const clientId = uniqueName('throttled');
  const topic = await createTestTopic(kafka, 'relay-throttled');
  await limitProducer(clientId, 10_000);
  const reader = await readTopic(kafka, topic);
  await append(1, 40, 'x'.repeat(4_000));

  const began = performance.now();
  start(topic, connectTestKafka({ clientId }), 5);
  await eventually(() => expect(beats).toBeGreaterThan(3), within);
  expect((await waiting()).filter(({ attempts }) => attempts > 0)).toEqual([]);
  expect((await waiting()).length).toBeGreaterThan(0);
  await drained();
  expect(performance.now() - began).toBeGreaterThan(4_000);
  await eventually(() => expect(reader.messages).toHaveLength(40), within);
  expect(versionsByKey(reader.messages)).toEqual({ thing: between(1, 40) });
  await reader.close();
}, 90_000);
