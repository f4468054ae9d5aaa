import { createApplication } from '../../../src/application';
import type { Principal } from '../../../src/cqrs/message';
import { discardMany, replayMany } from '../../../src/dead-letters/act-on-many';
import {
  awaitReplay,
  discardDeadLetter,
  listDeadLetters,
  replayDeadLetter,
  type Send,
} from '../../../src/dead-letters/act-on-one';
import type { DeadLetterView } from '../../../src/dead-letters/dead-letter';
import { registerDeadLetterMetrics } from '../../../src/dead-letters/metrics';
import { createEventRegistry } from '../../../src/events/registry';
import type { RunningConsumer } from '../../../src/kafka/consumer';
import { readStalledConsumers } from '../../../src/kafka/stalls';
import { createMetrics } from '../../../src/platform/metrics';
import { eventually } from '../../../testing/eventually';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import {
  committedMessages,
  consumerConfig,
  type ConsumerWorld,
  createConsumerWorld,
  type ForeignMessage,
  produce,
  rewind,
} from '../../support/kafka/consumer';
import { connectTestKafka, createTestTopic } from '../../support/kafka/kafka';
import { silentLogger } from '../../support/logger';
import { thingHappened, thingMessage } from '../../support/outbox/outbox';
import { parseExposition } from '../../support/prometheus';
import { codeOf } from '../../support/refusal-code';

const within = { deadlineMs: 20_000 };
const config = consumerConfig();
const principal: Principal = { role: 'operator', keyId: 'key_alice' };
const reason = 'the cause is mended';
const kafka = connectTestKafka();

let db: TestDatabase;
let topic: string;
let world: ConsumerWorld;
let running: RunningConsumer | undefined;
let send: Send;

beforeAll(async () => {
  db = await createTestDatabase();
  const mediator = createApplication({ database: db.database, logger: silentLogger });
  send = (message) => mediator.send(message, { principal });
});
beforeEach(async () => {
  topic = await createTestTopic(kafka, 'dead-letters');
  world = await createConsumerWorld(db, topic);
  running = world.start({ kafka, config });
});
afterEach(async () => {
  await running?.stop();
  await db.query('DELETE FROM fault');
  await db.empty('audit_log');
});
afterAll(() => db.close());

const committed = (count: number) =>
  eventually(async () => expect(await committedMessages(kafka, world.group, topic)).toBe(count), within);
const hasEffects = (effects: Record<string, number[]>) =>
  eventually(async () => expect(await world.effects()).toEqual(effects), within);
const letters = async (state?: DeadLetterView['state']): Promise<readonly DeadLetterView[]> =>
  (await send(listDeadLetters({ group: world.group, state, limit: 200 }))).data;
const idOf = async (key: string): Promise<string> => {
  const letter = (await letters()).find((each) => each.key === key && each.state === 'dead');
  if (!letter) throw new Error(`No dead letter of ${key}.`);
  return letter.id;
};
const replay = async (id: string) => awaitReplay(send, await send(replayDeadLetter({ id, reason })));
const actions = () => db.query('SELECT actor, action, subject, reason FROM audit_log ORDER BY at');

/** Messages of keys that are refused: the first of each is dead, the others wait behind it. */
async function dieWith(messages: Record<string, number[]>): Promise<void> {
  for (const key of Object.keys(messages)) world.refused.add(key);
  const all = Object.entries(messages).flatMap(([key, versions]) => versions.map((n) => thingMessage(key, n)));
  await produce(kafka, topic, all);
  await committed(all.length);
}

/** The group begins anew, and has read everything again when this returns. */
async function readAgain(count: number): Promise<void> {
  await running?.stop();
  await rewind(kafka, world.group, topic);
  running = world.start({ kafka, config });
  await committed(count);
}

test('a replay after the cause is mended applies the letter, and those behind it in the order of the key', async () => {
  await dieWith({ held: [1, 2, 3] });
  const id = await idOf('held');
  expect(await letters()).toMatchObject([
    { id, state: 'dead', attempts: 1, behind: 2, due_at: null, reason: 'out_of_stock: Key held is refused for now.' },
    { state: 'queued', attempts: 0, behind: 1 },
    { state: 'queued', attempts: 0, behind: 0, value: '{"n":3,"text":"ok"}' },
  ]);
  world.refused.clear();
  expect(await replay(id)).toMatchObject({ id, state: 'replayed', attempts: 2, due_at: null });
  await produce(kafka, topic, [thingMessage('held', 4)]);
  await hasEffects({ held: [1, 2, 3, 4] });
  await eventually(async () => expect(await letters()).toEqual([]), within);
  expect(await actions()).toEqual([{ actor: 'key_alice', action: 'dead_letter.replay', subject: id, reason }]);
});

test('a replay that fails leaves the letter dead, with the new reason and one more attempt', async () => {
  await produce(kafka, topic, [{ ...thingMessage('bad', 1), value: 'not json' }, thingMessage('bad', 2)]);
  await committed(2);
  const id = await idOf('bad');
  expect(await replay(id)).toMatchObject({ state: 'dead', attempts: 2, reason: expect.stringContaining('not JSON') });
  expect(await letters()).toMatchObject([{ id, state: 'dead', behind: 1 }, { state: 'queued' }]);
  expect(await world.effects()).toEqual({});
});

test('a discard lets the key go on without the letter', async () => {
  await dieWith({ held: [1, 2, 3] });
  const id = await idOf('held');
  world.refused.clear();
  expect(await send(discardDeadLetter({ id, reason }))).toMatchObject({ id, state: 'discarded', behind: 2 });
  await hasEffects({ held: [2, 3] });
  expect(await actions()).toEqual([{ actor: 'key_alice', action: 'dead_letter.discard', subject: id, reason }]);
});

test('a key with as many letters as may wait pauses its partition, which reports it and goes on when there is room', async () => {
  await running?.stop();
  running = world.start({ kafka, config: { ...config, maxQueuedPerKey: 3 } });
  await dieWith({ held: [1, 2, 3] });
  await produce(kafka, topic, [thingMessage('held', 4), thingMessage('held', 5)]);
  await eventually(async () => {
    expect(await readStalledConsumers(db.database)).toEqual([
      expect.objectContaining({
        consumer_group: world.group,
        reason: expect.stringContaining('3 messages of the key held wait already') as string,
      }),
    ]);
  }, within);
  expect(await letters()).toHaveLength(3);
  world.refused.clear();
  await replay(await idOf('held'));
  await hasEffects({ held: [1, 2, 3, 4, 5] });
  await committed(5);
  await eventually(async () => expect(await readStalledConsumers(db.database)).toEqual([]), within);
});

test('an event of a newer data version is tried again without being counted, and applied after the deploy', async () => {
  await running?.stop();
  running = world.start({ kafka, config: consumerConfig(100) });
  const newer = thingMessage('held', 1);
  await produce(kafka, topic, [
    { ...newer, headers: { ...newer.headers, ce_dataversion: '2' } },
    thingMessage('held', 2),
  ]);
  await committed(2);
  const triedAt = async (): Promise<string> => String((await letters())[0]?.due_at);
  const first = await triedAt();
  await eventually(async () => expect(await triedAt()).not.toBe(first), within);
  const second = await triedAt();
  await eventually(async () => expect(await triedAt()).not.toBe(second), within);
  const reason = expect.stringContaining('is newer than the 1 known here') as string;
  expect(await letters()).toMatchObject([{ state: 'retrying', attempts: 1, reason }, { state: 'queued' }]);

  await running.stop();
  const registry = createEventRegistry([{ ...thingHappened(topic), dataVersion: 2 }]);
  running = world.start({ kafka, config: consumerConfig(100), registry });
  await hasEffects({ held: [1, 2] });
  await eventually(async () => expect(await letters()).toEqual([]), within);
});

test('a letter behind another cannot be replayed, and a closed one neither replayed nor discarded', async () => {
  await dieWith({ held: [1, 2] });
  const [dead, queued] = await letters();
  expect(await codeOf(send(replayDeadLetter({ id: queued?.id ?? '', reason })))).toBe('not_first_of_key');
  await send(discardDeadLetter({ id: dead?.id ?? '', reason }));
  for (const act of [replayDeadLetter, discardDeadLetter]) {
    expect(await codeOf(send(act({ id: dead?.id ?? '', reason })))).toBe('dead_letter_closed');
    expect(await codeOf(send(act({ id: '999999', reason })))).toBe('dead_letter_not_found');
  }
  expect(await actions()).toHaveLength(1);
});

test('a message that comes again while its letter is open, replayed or discarded changes nothing', async () => {
  const copy = thingMessage('discarded', 1);
  for (const key of ['open', 'replayed', 'discarded']) world.refused.add(key);
  const unreadable: ForeignMessage = { ...thingMessage('unreadable', 1), value: 'not json' };
  await produce(kafka, topic, [thingMessage('open', 1), thingMessage('replayed', 1), copy, unreadable]);
  await committed(4);
  world.refused.delete('replayed');
  await replay(await idOf('replayed'));
  for (const key of ['discarded', 'unreadable']) await send(discardDeadLetter({ id: await idOf(key), reason }));
  world.refused.delete('discarded');
  const before = await world.letters();

  await readAgain(4);
  expect(await world.letters()).toEqual(before);
  expect(await world.effects()).toEqual({ replayed: [1] });

  // Also another copy of the event, at another place.
  await produce(kafka, topic, [copy, thingMessage('discarded', 2)]);
  await hasEffects({ replayed: [1], discarded: [2] });
  expect(await world.letters()).toEqual(before);
});

test('an attempt that is under way does not apply a letter that is discarded meanwhile', async () => {
  await dieWith({ held: [1, 2] });
  const id = await idOf('held');
  await send(discardDeadLetter({ id, reason }));
  world.refused.clear();
  await hasEffects({ held: [2] });
  // As an attempt whose lease began before the discard.
  await db.query(`UPDATE dead_letter SET state = 'retrying', due_at = now() WHERE id = $1`, id);
  await eventually(async () => expect(await db.query('SELECT FROM dead_letter WHERE id = $1', id)).toEqual([]), within);
  expect(await world.effects()).toEqual({ held: [2] });
});

test('a replay that breaks off after its commit has its effect once', async () => {
  await dieWith({ held: [1, 2] });
  world.refused.clear();
  await db.query(`INSERT INTO fault (point, kind, times) VALUES ('consumer.after_commit', 'error', 1)`);
  expect(await replay(await idOf('held'))).toMatchObject({ state: 'replayed' });
  await hasEffects({ held: [1, 2] });
});

test('acts by filter touch what a dry run says, key by key in order', async () => {
  await dieWith({ one: [1, 2], two: [1, 2], three: [1], four: [1, 2] });
  const filter = { group: world.group, topic };
  world.refused.delete('one');
  world.refused.delete('two');
  const before = await world.letters();
  const dry = { matched: 7, failed: 0, dry_run: true };
  expect(await replayMany(send, { filter, reason, dryRun: true })).toEqual({ ...dry, replayed: 0 });
  expect(await discardMany(send, { filter, reason, dryRun: true })).toEqual({ ...dry, discarded: 0 });
  expect(await world.letters()).toEqual(before);
  expect(await actions()).toEqual([]);

  expect(await replayMany(send, { filter, reason })).toEqual({ matched: 7, replayed: 4, failed: 3 });
  expect(await world.effects()).toEqual({ one: [1, 2], two: [1, 2] });
  expect(await actions()).toHaveLength(4);

  world.refused.clear();
  const four = { ...filter, key: 'four' };
  expect(await discardMany(send, { filter: four, reason })).toEqual({ matched: 2, discarded: 2, failed: 0 });
  expect(await letters()).toMatchObject([{ key: 'three', state: 'dead', attempts: 2 }]);
  expect(await letters('discarded')).toHaveLength(2);
  expect(await world.effects()).toEqual({ one: [1, 2], two: [1, 2] });
});

test('gauges count the open letters by group and state, and have the age of the oldest', async () => {
  await db.query('DELETE FROM dead_letter');
  const metrics = createMetrics();
  const groups = [world.group, 'idle'];
  await dieWith({ held: [1, 2, 3] });
  await db.query(`UPDATE dead_letter SET created_at = now() - interval '1 minute' WHERE state = 'dead'`);
  registerDeadLetterMetrics({ metrics, database: db.database, groups, logger: silentLogger });
  const told = parseExposition(await metrics.render());
  const of = (consumer_group: string, state: string) => told.sum('paysaga_dead_letters', { consumer_group, state });
  expect([of(world.group, 'dead'), of(world.group, 'queued'), of(world.group, 'retrying')]).toEqual([1, 2, 0]);
  expect(of('idle', 'dead')).toBe(0);
  expect(told.sum('paysaga_dead_letters_oldest_age_seconds')).toBeGreaterThanOrEqual(60);
});
