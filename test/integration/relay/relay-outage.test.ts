import { connectDatabase } from '../../../src/platform/database/database';
import { eventually } from '../../../testing/eventually';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { connectTestKafka, connectTestKafkaByProxy, createTestTopic, readTopic } from '../../support/kafka/kafka';
import { silentLogger } from '../../support/logger';
import { createTcpProxy } from '../../support/network/tcp-proxy';
import { appendThing, firstOccurrences, thingRegistry, versionsByKey } from '../../support/outbox/outbox';
import { startRelay } from '../../support/outbox/relay';

const within = { deadlineMs: 30_000 };
const kafka = connectTestKafka();
let db: TestDatabase;

beforeAll(async () => {
  db = await createTestDatabase();
});
afterEach(() => db.empty('outbox', 'event'));
afterAll(() => db.close());

const rows = () => db.query<{ attempts: number }>('SELECT attempts FROM outbox ORDER BY id');
const append = async (from: number, to: number) => {
  for (let version = from; version <= to; version += 1) await appendThing(db, { aggregateId: 'thing', version });
};
const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

test('waits while Kafka is away, counts it against no row, and goes on in order', async () => {
  const { kafka: byProxy, proxy } = await connectTestKafkaByProxy();
  const topic = await createTestTopic(kafka, 'relay-outage');
  const reader = await readTopic(kafka, topic);
  let beats = 0;
  const heartbeat = () => (beats += 1);
  await append(1, 3);
  const relay = startRelay({ database: db.database, kafka: byProxy, registry: thingRegistry(topic), heartbeat });
  await eventually(async () => expect(await rows()).toHaveLength(0), within);

  proxy.cut();
  await append(4, 8);
  const before = beats;
  await eventually(() => expect(beats).toBeGreaterThan(before + 3), within);
  expect(await rows()).toEqual(Array(5).fill({ attempts: 0 }));

  proxy.restore();
  await eventually(async () => expect(await rows()).toHaveLength(0), within);
  await eventually(() => expect(reader.messages.length).toBeGreaterThanOrEqual(8), within);
  expect(firstOccurrences(versionsByKey(reader.messages).thing ?? [])).toEqual(upTo(8));
  await relay.stop();
  await Promise.all([reader.close(), proxy.close()]);
});

test('gives up connections whose other end has vanished, and sends the same rows again', async () => {
  const { kafka: byProxy, proxy } = await connectTestKafkaByProxy();
  const topic = await createTestTopic(kafka, 'relay-outage');
  const reader = await readTopic(kafka, topic);
  await append(1, 3);
  const relay = startRelay({ database: db.database, kafka: byProxy, registry: thingRegistry(topic) });
  await eventually(async () => expect(await rows()).toHaveLength(0), within);

  proxy.strand();
  await append(4, 8);

  // It may take 8 s for an answer; kafkajs alone would send into the same connection for a minute.
  await eventually(async () => expect(await rows()).toHaveLength(0), { deadlineMs: 12_000 });
  await eventually(() => expect(reader.messages).toHaveLength(8), within);
  expect(versionsByKey(reader.messages).thing).toEqual(upTo(8));
  await relay.stop();
  await Promise.all([reader.close(), proxy.close()]);
}, 60_000);

test('goes on when the connections to Postgres break', async () => {
  const url = new URL(db.url);
  const proxy = await createTcpProxy({ host: url.hostname, port: Number(url.port) });
  url.port = String(proxy.port);
  const database = connectDatabase({ url: url.href, applicationName: 'paysaga-test', logger: silentLogger });
  const topic = await createTestTopic(kafka, 'relay-outage');
  const reader = await readTopic(kafka, topic);
  const relay = startRelay({ database, kafka, registry: thingRegistry(topic) });
  await append(1, 3);
  await eventually(async () => expect(await rows()).toHaveLength(0), within);

  proxy.cut();
  await append(4, 8);
  proxy.restore();

  await eventually(async () => expect(await rows()).toHaveLength(0), within);
  await eventually(() => expect(reader.messages.length).toBeGreaterThanOrEqual(8), within);
  expect(firstOccurrences(versionsByKey(reader.messages).thing ?? [])).toEqual(upTo(8));
  await relay.stop();
  await Promise.all([reader.close(), proxy.close(), database.$disconnect()]);
});
