import { connectDatabase } from '../../../src/platform/database/database';
import { eventually } from '../../../testing/eventually';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { committedMessages, createConsumerWorld, produce } from '../../support/kafka/consumer';
import { connectTestKafka, connectTestKafkaByProxy, createTestTopic } from '../../support/kafka/kafka';
import { silentLogger } from '../../support/logger';
import { createTcpProxy } from '../../support/network/tcp-proxy';
import { thingMessage } from '../../support/outbox/outbox';

const within = { deadlineMs: 40_000 };
const kafka = connectTestKafka();
let db: TestDatabase;

beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.close());

test('waits while Postgres is away: nothing is committed, lost or made a dead letter', async () => {
  const url = new URL(db.url);
  const proxy = await createTcpProxy({ host: url.hostname, port: Number(url.port) });
  url.port = String(proxy.port);
  const database = connectDatabase({ url: url.href, applicationName: 'paysaga-test', logger: silentLogger });
  const topic = await createTestTopic(kafka, 'consumer-outage');
  const world = await createConsumerWorld(db, topic);
  await produce(kafka, topic, [thingMessage('thing', 1)]);
  const consumer = world.start({ kafka, database });
  await eventually(async () => expect(await committedMessages(kafka, world.group, topic)).toBe(1), within);

  proxy.cut();
  await produce(kafka, topic, [thingMessage('thing', 2), thingMessage('other', 1), thingMessage('thing', 3)]);
  // Longer than the session: it stays in the group, waiting.
  const until = performance.now() + 7_000;
  await eventually(() => expect(performance.now()).toBeGreaterThan(until), within);
  expect(await committedMessages(kafka, world.group, topic)).toBe(1);

  proxy.restore();
  await eventually(async () => expect(await committedMessages(kafka, world.group, topic)).toBe(4), within);
  expect(await world.effects()).toEqual({ thing: [1, 2, 3], other: [1] });
  expect(await world.letters()).toEqual([]);
  await consumer.stop();
  await Promise.all([proxy.close(), database.$disconnect()]);
});

test('waits while Kafka is away, from the start and later, and goes on by itself', async () => {
  const { kafka: byProxy, proxy } = await connectTestKafkaByProxy();
  const topic = await createTestTopic(kafka, 'consumer-outage');
  const world = await createConsumerWorld(db, topic);
  const fatal: unknown[] = [];
  proxy.cut();
  await produce(kafka, topic, [thingMessage('thing', 1)]);
  const consumer = world.start({ kafka: byProxy, onFatal: (error) => fatal.push(error) });
  expect(await world.effects()).toEqual({});
  proxy.restore();
  await eventually(async () => expect(await world.effects()).toEqual({ thing: [1] }), within);

  proxy.cut();
  await produce(kafka, topic, [thingMessage('thing', 2)]);
  proxy.restore();
  await eventually(async () => expect(await world.effects()).toEqual({ thing: [1, 2] }), within);
  expect(fatal).toEqual([]);
  await consumer.stop();
  await proxy.close();
});
