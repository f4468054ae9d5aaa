import { randomBytes } from 'node:crypto';
import type { RunningConsumer } from '../../../src/kafka/consumer';
import { readStalledConsumers } from '../../../src/kafka/stalls';
import { eventually } from '../../../testing/eventually';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import {
  committedMessages,
  type ConsumerWorld,
  createConsumerWorld,
  type ForeignMessage,
  produce,
} from '../../support/kafka/consumer';
import { connectTestKafka, createTestTopic } from '../../support/kafka/kafka';
import { thingMessage } from '../../support/outbox/outbox';

const within = { deadlineMs: 20_000 };
const kafka = connectTestKafka();
let db: TestDatabase;
let topic: string;
let world: ConsumerWorld;
let running: RunningConsumer;

beforeAll(async () => {
  db = await createTestDatabase();
});
beforeEach(async () => {
  topic = await createTestTopic(kafka, 'consumer-unreadable');
  world = await createConsumerWorld(db, topic);
  running = world.start({ kafka });
});
afterEach(async () => {
  await db.query('ALTER TABLE dead_letter DROP CONSTRAINT IF EXISTS test_refuses');
  await running.stop();
});
afterAll(() => db.close());

const committed = (count: number) =>
  eventually(async () => expect(await committedMessages(kafka, world.group, topic)).toBe(count), within);
const on = (partition: number, message: ForeignMessage): ForeignMessage => ({ ...message, partition });
const refuseLetters = (condition: string) =>
  db.query(`ALTER TABLE dead_letter ADD CONSTRAINT test_refuses CHECK (${condition}) NOT VALID`);

test('a message with a long key that is not JSON is a dead letter, and its key waits behind it', async () => {
  const key = randomBytes(4_000).toString('base64');
  await produce(kafka, topic, [
    on(0, { ...thingMessage('bad', 1), key, value: 'not json' }),
    on(0, { ...thingMessage('bad', 2), key }),
    on(0, thingMessage('same-partition', 1)),
    on(1, thingMessage('other-partition', 1)),
  ]);
  await committed(4);
  expect(await world.effects()).toEqual({ 'same-partition': [1], 'other-partition': [1] });
  expect(await world.letters()).toMatchObject([
    { key, state: 'dead', reason: expect.stringContaining('not JSON') },
    { key, state: 'queued' },
  ]);

  await db.query(`DELETE FROM dead_letter WHERE consumer_group = $1 AND state = 'dead'`, world.group);
  await eventually(async () => expect(await world.effects()).toMatchObject({ bad: [2] }), within);
});

const event = thingMessage('odd', 1);
const without = (name: string) => Object.fromEntries(Object.entries(event.headers).filter(([each]) => each !== name));
const megabyte = 'x'.repeat(1_000_000);

test.each<[string, Partial<ForeignMessage>]>([
  ['a long ce_id', { headers: { ...event.headers, ce_id: 'x'.repeat(5_000) } }],
  ['a long ce_subject', { headers: { ...event.headers, ce_subject: 'x'.repeat(5_000) } }],
  ['a long ce_correlationid', { headers: { ...event.headers, ce_correlationid: 'x'.repeat(5_000) } }],
  ['a long ce_traceparent', { headers: { ...event.headers, ce_traceparent: 'x'.repeat(5_000) } }],
  ['a large header and no ce_id', { headers: { ...without('ce_id'), large: 'x'.repeat(300_000) } }],
  ['a header that is named like what objects inherit', { headers: { ...without('ce_id'), constructor: 'x' } }],
  ['headers that are not UTF-8', { headers: { ce_id: Buffer.from([0xff, 0xfe, 0x00]) } }],
  ['NUL in its value', { value: '{"n":\0}' }],
  ['NUL in its text', { value: '{"n":1,"text":1,"\\u0000":1}' }],
  ['half of a surrogate pair in a name', { value: '{"n":1,"text":"ok","\\ud800":1}' }],
  ['a reason that is cut in a surrogate pair', { value: `{"n":1,"text":"ok","x${'😀'.repeat(2_000)}":1}` }],
  ['a value of a megabyte', { value: megabyte }],
  ['a value of a megabyte of names', { value: JSON.stringify({ n: 1, text: 'ok', [megabyte]: 1 }) }],
  ['deep nesting', { value: '['.repeat(500_000) }],
  ['no value', { value: null }],
  ['no key', { key: null, value: 'not json' }],
  ['an empty key', { key: '', value: 'not json' }],
  ['a key that is not UTF-8', { key: Buffer.from([0xff, 0x00, 0xfe]), value: 'not json' }],
  ['a key of 300 KB', { key: 'x'.repeat(300_000), value: 'not json' }],
])('a message with %s is a dead letter, and the others go on', async (_, change) => {
  await produce(kafka, topic, [
    on(0, { ...event, ...change }),
    on(0, thingMessage('same-partition', 1)),
    on(1, thingMessage('other-partition', 1)),
  ]);
  await committed(3);
  expect(await world.effects()).toEqual({ 'same-partition': [1], 'other-partition': [1] });
  expect(await world.letters()).toMatchObject([{ state: 'dead', offset: '0' }]);
});

test('a message that cannot be stored whole is kept without what the database refuses', async () => {
  await refuseLetters('octet_length(value) <= 65536');
  await produce(kafka, topic, [
    on(0, thingMessage('before', 1)),
    on(0, { ...thingMessage('bad', 1), value: 'x'.repeat(100_000) }),
    on(0, thingMessage('bad', 2)),
    on(0, thingMessage('after', 1)),
    on(1, thingMessage('other-partition', 1)),
  ]);
  await committed(5);
  expect(await world.effects()).toEqual({ before: [1], after: [1], 'other-partition': [1] });
  const letters = await db.query(
    `SELECT key, partition, state, octet_length(value) AS bytes, headers ->> 'ce_subject' AS subject
     FROM dead_letter WHERE consumer_group = $1 ORDER BY id`,
    world.group,
  );
  expect(letters).toEqual([
    { key: 'bad', partition: 0, state: 'dead', bytes: 65_536, subject: 'bad' },
    { key: 'bad', partition: 0, state: 'queued', bytes: expect.any(Number), subject: 'bad' },
  ]);
});

test('a message that cannot be kept at all stalls its partition alone, says so, and goes on when it can', async () => {
  await refuseLetters('partition <> 0');
  await produce(kafka, topic, [
    on(0, thingMessage('before', 1)),
    on(0, { ...thingMessage('bad', 1), value: 'not json' }),
    on(0, thingMessage('after', 1)),
    on(1, thingMessage('other-partition', 1)),
  ]);
  const stalled = async () =>
    (await readStalledConsumers(db.database)).filter((each) => each.consumer_group === world.group);
  await eventually(
    async () =>
      expect(await stalled()).toMatchObject([
        { place: `${topic}/0`, reason: expect.stringContaining('offset 1 cannot be applied or kept') },
      ]),
    within,
  );
  await produce(kafka, topic, [on(1, thingMessage('other-partition', 2)), on(2, thingMessage('third-partition', 1))]);
  await committed(4);
  expect(await world.effects()).toMatchObject({ 'other-partition': [1, 2], 'third-partition': [1] });

  await db.query('ALTER TABLE dead_letter DROP CONSTRAINT test_refuses');
  await committed(6);
  expect(await world.effects()).toMatchObject({ before: [1], after: [1] });
  await eventually(async () => expect(await stalled()).toEqual([]), within);
});
