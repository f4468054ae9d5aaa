import { CompressionCodecs, CompressionTypes } from 'kafkajs';
import type { RunningConsumer } from '../../../src/kafka/consumer';
import { readStalledConsumers } from '../../../src/kafka/stalls';
import { eventually } from '../../../testing/eventually';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { committedMessages, type ConsumerWorld, createConsumerWorld, produce } from '../../support/kafka/consumer';
import { connectTestKafka, createTestTopic, topicSettings, uniqueName } from '../../support/kafka/kafka';
import { thingMessage } from '../../support/outbox/outbox';

const within = { deadlineMs: 30_000 };
const kafka = connectTestKafka();
const codecs = { ...CompressionCodecs };
const running: RunningConsumer[] = [];
let db: TestDatabase;

beforeAll(async () => {
  db = await createTestDatabase();
});
afterEach(async () => {
  Object.assign(CompressionCodecs, codecs);
  await Promise.all(running.splice(0).map((consumer) => consumer.stop()));
});
afterAll(() => db.close());

/** The broker packs each batch anew as the topic says. */
async function createCompressedTopic(compression: string): Promise<string> {
  const topic = uniqueName(`compressed-${compression}`);
  const admin = kafka.createAdmin();
  await admin.connect();
  try {
    const configEntries = [{ name: 'compression.type', value: compression }];
    await admin.createTopics({ topics: [{ topic, numPartitions: topicSettings.partitions, configEntries }] });
  } finally {
    await admin.disconnect();
  }
  return topic;
}

async function start(topic: string): Promise<ConsumerWorld> {
  const world = await createConsumerWorld(db, topic);
  running.push(world.start({ kafka }));
  return world;
}

const stalled = async (world: ConsumerWorld) =>
  (await readStalledConsumers(db.database)).filter(({ consumer_group }) => consumer_group === world.group);

test.each(['lz4', 'zstd', 'gzip', 'snappy', 'uncompressed'])(
  'messages of a topic with compression.type=%s are applied',
  async (compression) => {
    const topic = await createCompressedTopic(compression);
    const world = await start(topic);
    const versions = Array.from({ length: 300 }, (_, index) => index + 1);
    await produce(
      kafka,
      topic,
      versions.map((version) => thingMessage('thing', version)),
    );
    await produce(kafka, topic, [{ key: 'bad', value: 'x'.repeat(900_000), headers: {}, partition: 0 }]);
    await eventually(async () => expect(await committedMessages(kafka, world.group, topic)).toBe(301), within);
    expect(await world.effects()).toEqual({ thing: versions });
    expect(await world.letters()).toMatchObject([{ key: 'bad', state: 'dead' }]);
  },
);

test.each<[string, () => unknown, RegExp]>([
  [
    'an unknown codec',
    () => {
      throw Object.assign(new Error('ZSTD compression not implemented'), { name: 'KafkaJSNotImplemented' });
    },
    /ZSTD compression not implemented/,
  ],
  [
    'a corrupt batch',
    () => ({ decompress: () => Promise.reject(new Error('invalid zstd data')) }),
    /invalid zstd data/,
  ],
])('%s stops its group alone, which is told, and the group goes on when it can', async (_, codec, reason) => {
  const broken = await createCompressedTopic('zstd');
  const sound = await createTestTopic(kafka, 'sound');
  CompressionCodecs[CompressionTypes.ZSTD] = codec as never;
  const [standing, moving] = [await start(broken), await start(sound)];
  await produce(kafka, broken, [thingMessage('thing', 1)]);
  await eventually(
    async () => expect(await stalled(standing)).toMatchObject([{ place: '', reason: expect.stringMatching(reason) }]),
    within,
  );
  await produce(kafka, sound, [thingMessage('thing', 1)]);
  await eventually(async () => expect(await moving.effects()).toEqual({ thing: [1] }), within);
  expect(await stalled(moving)).toEqual([]);

  Object.assign(CompressionCodecs, codecs);
  await eventually(async () => expect(await standing.effects()).toEqual({ thing: [1] }), within);
  await eventually(async () => expect(await stalled(standing)).toEqual([]), within);
});
