import type { Kafka } from '../../../src/kafka/client';
import type { RunningConsumer } from '../../../src/kafka/consumer';
import { eventually } from '../../../testing/eventually';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { createDeferred } from '../../support/deferred';
import {
  committedMessages,
  consumerConfig,
  type ConsumerWorld,
  createConsumerWorld,
  produce,
  rewind,
} from '../../support/kafka/consumer';
import { connectTestKafka, createTestTopic } from '../../support/kafka/kafka';
import { thingMessage } from '../../support/outbox/outbox';

const within = { deadlineMs: 20_000 };
const running: RunningConsumer[] = [];
const kafka: Kafka = connectTestKafka();
let db: TestDatabase;
let topic: string;
let world: ConsumerWorld;

beforeAll(async () => {
  db = await createTestDatabase();
});
beforeEach(async () => {
  topic = await createTestTopic(kafka, 'consumer');
  world = await createConsumerWorld(db, topic);
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((consumer) => consumer.stop()));
  await db.query('DELETE FROM fault');
});
afterAll(() => db.close());

const start = (options: Partial<Parameters<ConsumerWorld['start']>[0]> = {}): RunningConsumer => {
  const consumer = world.start({ kafka, ...options });
  running.push(consumer);
  return consumer;
};
const committed = (count: number) =>
  eventually(async () => expect(await committedMessages(kafka, world.group, topic)).toBe(count), within);
const hasEffects = (effects: Record<string, number[]>) =>
  eventually(async () => expect(await world.effects()).toEqual(effects), within);

test('applies each event once, in the order of its key, however often it arrives', async () => {
  const keys = Array.from({ length: 20 }, (_, index) => `thing-${index}`);
  const messages = [1, 2, 3, 4, 5].flatMap((version) => keys.map((key) => thingMessage(key, version)));
  await produce(kafka, topic, [...messages, ...messages]);
  const first = start();
  await committed(200);
  await first.stop();

  await rewind(kafka, world.group, topic);
  start();
  await committed(200);
  expect(await world.effects()).toEqual(Object.fromEntries(keys.map((key) => [key, [1, 2, 3, 4, 5]])));
  expect(await world.letters()).toEqual([]);
});

test('the inbox shows where each event came from', async () => {
  const message = thingMessage('thing', 1);
  await produce(kafka, topic, [message]);
  start();
  await committed(1);
  const [row] = await db.query<{ source: string }>(
    'SELECT source FROM idempotency_key WHERE scope = $1 AND key = $2',
    world.group,
    message.headers.ce_id,
  );
  expect(row?.source).toMatch(new RegExp(`^${topic}/\\d/0$`));
});

test('a failure holds only its own key, whose messages are applied in order when it passes', async () => {
  world.refused.add('held');
  await produce(kafka, topic, [
    thingMessage('held', 1),
    thingMessage('free', 1),
    thingMessage('held', 2),
    thingMessage('free', 2),
  ]);
  start({ config: consumerConfig(1_000, 1_000) });
  await committed(4);
  expect(await world.effects()).toEqual({ free: [1, 2] });
  expect(await world.letters()).toMatchObject([
    { key: 'held', state: 'retrying', attempts: 1, reason: 'out_of_stock: Key held is refused for now.' },
    { key: 'held', state: 'queued', attempts: 0 },
  ]);

  await produce(kafka, topic, [thingMessage('held', 3)]);
  await committed(5);
  world.refused.clear();
  await hasEffects({ free: [1, 2], held: [1, 2, 3] });
  await eventually(async () => expect(await world.letters()).toEqual([]), within);
});

test('after the last try a message is dead, and its key waits', async () => {
  world.refused.add('held');
  await produce(kafka, topic, [thingMessage('held', 1), thingMessage('held', 2)]);
  start({ config: consumerConfig(50, 100) });
  await eventually(
    async () => expect(await world.letters()).toMatchObject([{ state: 'dead', attempts: 3 }, { state: 'queued' }]),
    within,
  );
  world.refused.clear();
  await produce(kafka, topic, [thingMessage('held', 3), thingMessage('free', 1)]);
  await committed(4);
  expect(await world.effects()).toEqual({ free: [1] });
  expect(await world.letters()).toMatchObject([{ state: 'dead' }, { state: 'queued' }, { state: 'queued' }]);
});

interface Unreadable {
  readonly value?: string;
  readonly headers?: Record<string, string>;
}

const unheardOf = { ce_type: 'com.paysaga.thing.unheard-of' };

test.each<[string, Unreadable, RegExp]>([
  ['is not JSON', { value: '{"n":1' }, /cannot be read: not JSON/],
  ['has another shape', { value: '{"n":"one"}' }, /Payload of thing\.happened/],
  ['is no CloudEvent', { headers: {} }, /Not a CloudEvent/],
  [
    'has an unknown type',
    { headers: { ...thingMessage('bad', 1).headers, ...unheardOf } },
    /thing\.unheard-of is not known/,
  ],
  ['has a NUL in its headers', { headers: { 'content-type': 'a\0b' } }, /Not a CloudEvent/],
])('a message that %s is dead at once, and the others go on', async (_, change, reason) => {
  const unreadable = { ...thingMessage('bad', 1), ...change };
  await produce(kafka, topic, [unreadable, thingMessage('bad', 2), thingMessage('good', 1)]);
  start();
  await committed(3);
  expect(await world.effects()).toEqual({ good: [1] });
  expect(await world.letters()).toMatchObject([
    { key: 'bad', state: 'dead', reason: expect.stringMatching(reason) },
    { key: 'bad', state: 'queued' },
  ]);
});

test('keeps a dead letter as it came', async () => {
  const unreadable = { ...thingMessage('bad', 1), value: 'not JSON' };
  await produce(kafka, topic, [unreadable]);
  start();
  await committed(1);
  const [letter] = await db.query<{ headers: object; value: Buffer; topic: string }>(
    'SELECT headers, value, topic FROM dead_letter WHERE consumer_group = $1',
    world.group,
  );
  expect(letter).toMatchObject({ headers: unreadable.headers, topic });
  expect(letter?.value.toString()).toBe('not JSON');
});

test('applies once what was applied but not committed when it failed', async () => {
  await produce(kafka, topic, [thingMessage('thing', 1), thingMessage('thing', 2)]);
  await db.query(`INSERT INTO fault (point, kind, times) VALUES ('consumer.after_commit', 'error', 1)`);
  start();
  await committed(2);
  expect(await world.effects()).toEqual({ thing: [1, 2] });
});

test('drains a queued letter that has nothing before it', async () => {
  world.refused.add('thing');
  await produce(kafka, topic, [thingMessage('thing', 1), thingMessage('thing', 2)]);
  start({ config: consumerConfig(60_000) });
  await committed(2);
  world.refused.clear();
  await db.query(`DELETE FROM dead_letter WHERE consumer_group = $1 AND state = 'retrying'`, world.group);
  await hasEffects({ thing: [2] });
});

test('stopping finishes the messages in hand and commits them', async () => {
  const applying = createDeferred();
  const goOn = createDeferred();
  world.beforeEffect = () => {
    applying.resolve();
    return goOn.promise;
  };
  await produce(kafka, topic, [thingMessage('thing', 1), thingMessage('thing', 2)]);
  const consumer = start();
  await applying.promise;
  const stopped = consumer.stop();
  goOn.resolve();
  await stopped;
  expect(await committedMessages(kafka, world.group, topic)).toBe(2);
  expect(await world.effects()).toEqual({ thing: [1, 2] });
});

test('two members of a group share the work, each event having its effect once', async () => {
  const keys = Array.from({ length: 30 }, (_, index) => `thing-${index}`);
  const send = (version: number) =>
    produce(
      kafka,
      topic,
      keys.map((key) => thingMessage(key, version)),
    );
  await send(1);
  start();
  await committed(30);
  const second = start();
  await Promise.all([send(2), send(3)]);
  await committed(90);
  await second.stop();
  await send(4);
  await committed(120);
  for (const versions of Object.values(await world.effects())) {
    expect([...versions].sort()).toEqual([1, 2, 3, 4]);
  }
});
