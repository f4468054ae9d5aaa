import { connect, type Socket } from 'node:net';
import { type CloudEvent, Kafka as KafkaBinding } from 'cloudevents';
import pino from 'pino';
import { connectKafka, type Kafka, type KafkaConnection } from '../../../src/kafka/client';
import { createConsumerMetrics } from '../../../src/kafka/consumer-metrics';
import { createTopics, findTopicDifferences } from '../../../src/kafka/topics';
import { createMetrics } from '../../../src/platform/metrics';
import { eventually } from '../../../testing/eventually';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { createConsumerWorld, produce } from '../../support/kafka/consumer';
import { connectTestKafka, createTestTopic, readTopic, topicSettings, uniqueName } from '../../support/kafka/kafka';
import { silentLogger } from '../../support/logger';
import { appendThing, thingMessage, thingRegistry } from '../../support/outbox/outbox';
import { startRelay } from '../../support/outbox/relay';
import { parseExposition } from '../../support/prometheus';

const within = { deadlineMs: 20_000 };
const TOPIC_RESOURCE = 2;

let db: TestDatabase;
let kafka: Kafka;
beforeAll(async () => {
  db = await createTestDatabase();
  kafka = connectTestKafka();
});
afterEach(() => db.empty('outbox', 'event'));
afterAll(() => db.close());

test('consumers apply events of both modes, once each, and count them', async () => {
  const topic = await createTestTopic(kafka, 'formats');
  const reader = await readTopic(kafka, topic);
  const publishing = { database: db.database, kafka, registry: thingRegistry(topic) };
  await appendThing(db, { aggregateId: 'thing', version: 1 });
  const binary = startRelay(publishing);
  await eventually(() => expect(reader.messages).toHaveLength(1), within);
  await binary.stop();
  await appendThing(db, { aggregateId: 'thing', version: 2 });
  const structured = startRelay({ ...publishing, cloudEventsMode: 'structured' });
  await eventually(() => expect(reader.messages).toHaveLength(2), within);
  await structured.stop();

  expect(reader.messages.map(({ headers }) => headers['content-type'])).toEqual([
    'application/json',
    'application/cloudevents+json; charset=utf-8',
  ]);
  const read = reader.messages.map(
    (message) => KafkaBinding.toEvent({ ...message, body: message.value }) as CloudEvent<unknown>,
  );
  expect(read.map((event) => [event.validate(), event.type, event.subject, event.sequence, event.data])).toEqual([
    [true, 'com.paysaga.thing.happened', 'thing', '1', { n: 1, text: 'ok' }],
    [true, 'com.paysaga.thing.happened', 'thing', '2', { n: 2, text: 'ok' }],
  ]);

  await produce(kafka, topic, [...reader.messages]);
  await produce(kafka, topic, [{ ...thingMessage('other', 1), value: 'no JSON' }]);
  const world = await createConsumerWorld(db, topic);
  const metrics = createMetrics();
  const consumer = world.start({ kafka, metrics: createConsumerMetrics(metrics) });
  const of = { group: world.group, topic };
  await eventually(async () => {
    const scraped = parseExposition(await metrics.render());
    expect(scraped.sum('paysaga_consumer_applied_total', of)).toBe(2);
    expect(scraped.sum('paysaga_consumer_duplicates_total', of)).toBe(2);
    expect(scraped.sum('paysaga_consumer_failed_total', of)).toBe(1);
    expect(scraped.sum('paysaga_consumer_dead_letters_total', { ...of, state: 'dead' })).toBe(1);
  }, within);
  expect(await world.effects()).toEqual({ thing: [1, 2] });
  await consumer.stop();
  await reader.close();
});

test('compression makes what goes over the wire smaller, and consumers read it as before', async () => {
  const sent: Record<string, number> = {};
  for (const compression of ['none', 'gzip', 'snappy'] as const) {
    const topic = await createTestTopic(kafka, `compressed-${compression}`);
    const { client, bytesWritten } = countingKafka(compression);
    const text = 'the same words again '.repeat(200);
    for (let version = 1; version <= 20; version += 1) {
      await appendThing(db, { aggregateId: `thing-${compression}`, version, text });
    }
    const relay = startRelay({ database: db.database, kafka: client, registry: thingRegistry(topic) });
    const reader = await readTopic(kafka, topic);
    await eventually(() => expect(reader.messages).toHaveLength(20), within);
    await relay.stop();
    sent[compression] = bytesWritten();
    expect(reader.messages.map(({ headers }) => headers.ce_sequence)).toEqual(
      Array.from({ length: 20 }, (_, index) => String(index + 1)),
    );
    await reader.close();
  }
  expect(sent.none).toBeGreaterThan(80_000);
  expect(sent.gzip).toBeLessThan(20_000);
  expect(sent.snappy).toBeLessThan(30_000);
});

test('topics are made with the partitions, replication, retention and in-sync replicas that were asked', async () => {
  const topic = uniqueName('made');
  const config = { partitions: 5, replication: 1, minInsyncReplicas: 1, retentionMs: 86_400_000 };
  expect(await createTopics({ kafka, topics: [topic], config })).toEqual([topic]);
  expect(await describeTopic(topic)).toEqual({
    partitions: 5,
    replicas: [1, 1, 1, 1, 1],
    settings: { 'retention.ms': '86400000', 'min.insync.replicas': '1' },
  });
  // What the broker has without being asked tells nothing: these differ from its defaults.
  const other = uniqueName('made');
  await createTopics({ kafka, topics: [other], config: { ...config, minInsyncReplicas: 2, retentionMs: -1 } });
  expect(await describeTopic(other)).toMatchObject({
    settings: { 'retention.ms': '-1', 'min.insync.replicas': '2' },
  });
});

test('a topic that is there keeps its partitions, with a warning', async () => {
  const topic = uniqueName('there');
  await createTopics({ kafka, topics: [topic], config: topicSettings });
  const lines: unknown[] = [];
  const logger = pino({ level: 'warn' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  expect(await createTopics({ kafka, topics: [topic], config: { ...topicSettings, partitions: 7 }, logger })).toEqual(
    [],
  );
  expect((await describeTopic(topic)).partitions).toBe(topicSettings.partitions);
  expect(lines).toEqual([expect.objectContaining({ msg: 'kafka.topic_differs', topic, partitions: 3, wanted: 7 })]);
});

test('settings of an existing topic that do not fit are reported', async () => {
  const topic = uniqueName('odd');
  const admin = kafka.createAdmin();
  await admin.connect();
  const settings = { 'compression.type': 'zstd', 'cleanup.policy': 'compact', 'retention.ms': '1000' };
  const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
  await admin.createTopics({ topics: [{ topic, numPartitions: 2, configEntries }], waitForLeaders: true });
  await admin.disconnect();
  const config = { partitions: 3, replication: 2, minInsyncReplicas: 2, retentionMs: 86_400_000 };
  const found = await findTopicDifferences({ kafka, topics: [topic], config });
  expect(found.toSorted((one, other) => one.setting.localeCompare(other.setting))).toEqual([
    { topic, setting: 'cleanup.policy', value: 'compact', wanted: 'delete' },
    { topic, setting: 'compression.type', value: 'zstd', wanted: 'producer, uncompressed, gzip or snappy' },
    { topic, setting: 'min.insync.replicas', value: '1', wanted: 2 },
    { topic, setting: 'partitions', value: 2, wanted: 3 },
    { topic, setting: 'replication', value: 1, wanted: 2 },
    { topic, setting: 'retention.ms', value: '1000', wanted: 86_400_000 },
  ]);
  const fits = { ...config, partitions: 2, replication: 1, minInsyncReplicas: 1, retentionMs: 1_000 };
  expect((await findTopicDifferences({ kafka, topics: [topic], config: fits })).map(({ setting }) => setting)).toEqual(
    expect.not.arrayContaining(['partitions', 'replication', 'min.insync.replicas', 'retention.ms']),
  );
});

async function describeTopic(topic: string) {
  const admin = kafka.createAdmin();
  await admin.connect();
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    const names = ['retention.ms', 'min.insync.replicas'];
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: TOPIC_RESOURCE, name: topic, configNames: names }],
    });
    const partitions = topics[0]?.partitions ?? [];
    const entries = resources[0]?.configEntries ?? [];
    return {
      partitions: partitions.length,
      replicas: partitions.map(({ replicas }) => replicas.length),
      settings: Object.fromEntries(entries.map(({ configName, configValue }) => [configName, configValue])),
    };
  } finally {
    await admin.disconnect();
  }
}

/** The test broker by connections that are counted. */
function countingKafka(compression: NonNullable<KafkaConnection['compression']>) {
  const sockets: Socket[] = [];
  const client = connectKafka({
    config: { brokers: (process.env.KAFKA_BROKERS ?? '').split(','), clientId: 'counting', ssl: false, compression },
    logger: silentLogger,
    socketFactory: ({ host, port, onConnect }) => {
      const socket = connect(port, host, onConnect);
      sockets.push(socket);
      return socket;
    },
  });
  return { client, bytesWritten: () => sockets.reduce((sum, socket) => sum + socket.bytesWritten, 0) };
}
