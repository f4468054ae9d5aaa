import { eventually } from '../../../testing/eventually';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { committedMessages, createConsumerWorld, produce } from '../../support/kafka/consumer';
import { connectTestKafka, connectTestKafkaByProxy, createTestTopic } from '../../support/kafka/kafka';
import { thingMessage } from '../../support/outbox/outbox';

const within = { deadlineMs: 40_000 };
const kafka = connectTestKafka();
let db: TestDatabase;

beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.close());

/** A consumer behind a proxy, in its group and with one message applied. */
async function startByProxy() {
  const { kafka: byProxy, proxy } = await connectTestKafkaByProxy();
  const topic = await createTestTopic(kafka, 'consumer-silence');
  const world = await createConsumerWorld(db, topic);
  await produce(kafka, topic, [thingMessage('thing', 1)]);
  const consumer = world.start({ kafka: byProxy });
  const committed = (count: number) =>
    eventually(async () => expect(await committedMessages(kafka, world.group, topic)).toBe(count), within);
  await committed(1);
  return { proxy, topic, world, consumer, committed };
}

const secondsOf = async (work: Promise<unknown>): Promise<number> => {
  const began = performance.now();
  await work;
  return (performance.now() - began) / 1_000;
};

test('gives up connections that have gone silent within ten seconds, and goes on by new ones', async () => {
  const { proxy, topic, world, consumer, committed } = await startByProxy();
  proxy.strand();
  await produce(kafka, topic, [thingMessage('thing', 2)]);
  expect(await secondsOf(committed(2))).toBeLessThan(14);
  expect(await world.effects()).toEqual({ thing: [1, 2] });
  await consumer.stop();
  await proxy.close();
});

test('goes on when a broker that was silent answers again', async () => {
  const { proxy, topic, world, consumer, committed } = await startByProxy();
  proxy.stall();
  await produce(kafka, topic, [thingMessage('thing', 2)]);
  const until = performance.now() + 15_000;
  await eventually(() => expect(performance.now()).toBeGreaterThan(until), within);
  proxy.restore();
  expect(await secondsOf(committed(2))).toBeLessThan(20);
  expect(await world.effects()).toEqual({ thing: [1, 2] });
  await consumer.stop();
  await proxy.close();
});

test('stops while the broker is silent', async () => {
  const { proxy, consumer } = await startByProxy();
  proxy.stall();
  expect(await secondsOf(consumer.stop())).toBeLessThan(30);
  await proxy.close();
});
