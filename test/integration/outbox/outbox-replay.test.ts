import { createMediator, type Mediator } from '../../../src/cqrs/mediator';
import type { Principal } from '../../../src/cqrs/message';
import { noNotifier } from '../../../src/events/append';
import type { Kafka } from '../../../src/kafka/client';
import type { RunningConsumer } from '../../../src/kafka/consumer';
import {
  continueReplay,
  continueReplayHandler,
  createPreviewReplay,
  createStartReplay,
  getReplay,
  getReplayHandler,
  previewReplay,
  startReplay,
} from '../../../src/outbox/replay';
import type { ReplayRange } from '../../../src/outbox/replay-range';
import { runReplays } from '../../../src/outbox/run-replays';
import { systemClock } from '../../../src/platform/timing';
import { eventually } from '../../../testing/eventually';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { type ConsumerWorld, createConsumerWorld } from '../../support/kafka/consumer';
import { connectTestKafka, createTestTopic, readTopic, type TopicReader } from '../../support/kafka/kafka';
import { silentLogger } from '../../support/logger';
import { appendThing, thingRegistry, versionsByKey } from '../../support/outbox/outbox';
import { type RunningRelay, startRelay } from '../../support/outbox/relay';
import { codeOf } from '../../support/refusal-code';

const within = { deadlineMs: 20_000 };
const principal: Principal = { role: 'operator', keyId: 'key_alice' };
const HOUR_MS = 3_600_000;
const ago = (ms: number): string => new Date(Date.now() - ms).toISOString();

let db: TestDatabase;
let kafka: Kafka;
let topic: string;
let reader: TopicReader;
let world: ConsumerWorld;
let mediator: Mediator;
let stops: (() => Promise<unknown>)[];

beforeAll(async () => {
  db = await createTestDatabase();
  kafka = connectTestKafka();
});
beforeEach(async () => {
  stops = [];
  topic = await createTestTopic(kafka, 'replay');
  reader = await readTopic(kafka, topic);
  world = await createConsumerWorld(db, topic);
  const registry = thingRegistry(topic);
  const deps = { registry, consumers: [{ group: world.group, topics: [topic], toCommand: () => undefined }] };
  const { database } = db;
  mediator = createMediator({
    handlers: [createPreviewReplay(deps), createStartReplay(deps), continueReplayHandler, getReplayHandler],
    registry,
    database,
    notifier: noNotifier,
    clock: systemClock,
    logger: silentLogger,
  });
});
afterEach(async () => {
  await Promise.all(stops.map((stop) => stop()));
  await reader.close();
  await db.empty('outbox', 'event', 'idempotency_key', 'outbox_replay', 'audit_log');
});
afterAll(() => db.close());

function relay(): RunningRelay {
  const running = startRelay({ database: db.database, kafka, registry: thingRegistry(topic) });
  stops.push(() => running.stop());
  return running;
}

function consume(): RunningConsumer {
  const consumer = world.start({ kafka });
  stops.push(() => consumer.stop());
  return consumer;
}

/** The worker's part. */
function writeReplays(): void {
  const abort = new AbortController();
  const running = runReplays({
    database: db.database,
    mediator,
    logger: silentLogger,
    signal: abort.signal,
    intervalMs: 20,
  });
  stops.push(() => {
    abort.abort();
    return running;
  });
}

/** Three events each of `a`, `b` and `c`, of an hour ago, published and applied. */
async function publishThings(): Promise<void> {
  for (const version of [1, 2, 3]) {
    for (const aggregateId of ['a', 'b', 'c'])
      await appendThing(db, { aggregateId, version, occurredAt: ago(HOUR_MS) });
  }
  await published(9);
}

const published = (count: number) => eventually(() => expect(reader.messages).toHaveLength(count), within);
const replayed = () => reader.messages.filter(({ headers }) => headers.ce_replayid !== undefined);
const order = (range: ReplayRange) => mediator.send(startReplay({ ...range, reason: 'a lost topic' }), { principal });
const applied = { a: [1, 2, 3], b: [1, 2, 3], c: [1, 2, 3] };

it('publishes a range again, marked, and in order; consumers have applied each event once still', async () => {
  relay();
  consume();
  writeReplays();
  await publishThings();
  await eventually(async () => expect(await world.effects()).toEqual(applied), within);

  const { replay_id } = await order({ aggregate_ids: ['a', 'c'], versions: { from: 2 } });
  await published(13);
  expect(versionsByKey(replayed())).toEqual({ a: [2, 3], c: [2, 3] });
  expect(new Set(replayed().map(({ headers }) => headers.ce_replayid))).toEqual(new Set([replay_id]));
  const ids = new Set(reader.messages.map(({ headers }) => headers.ce_id));
  expect(ids.size).toBe(9);

  // What comes behind the replay has been applied: so the replay itself was read.
  for (const aggregateId of ['a', 'b', 'c']) await appendThing(db, { aggregateId, version: 4 });
  const further = { a: [1, 2, 3, 4], b: [1, 2, 3, 4], c: [1, 2, 3, 4] };
  await eventually(async () => expect(await world.effects()).toEqual(further), within);
  expect(await world.letters()).toEqual([]);
  expect(await mediator.send(getReplay({ replay_id }), { principal })).toMatchObject({
    events: 4,
    written: 4,
    pending: 0,
    finished_at: expect.any(String),
  });
});

it('keeps first occurrences in order while new events are written beside the replay', async () => {
  relay();
  await publishThings();
  writeReplays();
  await order({ from: ago(2 * HOUR_MS) });
  for (const version of [4, 5, 6]) {
    for (const aggregateId of ['a', 'b', 'c'])
      await appendThing(db, { aggregateId, version, occurredAt: ago(-HOUR_MS) });
  }
  await published(27);
  const first = reader.messages.filter(({ headers }) => headers.ce_replayid === undefined);
  const all = [1, 2, 3, 4, 5, 6];
  expect(versionsByKey(first)).toEqual({ a: all, b: all, c: all });
  expect(versionsByKey(replayed())).toEqual(applied);
});

it('says in a dry run what it would touch, and how much of it each group has applied', async () => {
  relay();
  const consumer = consume();
  await publishThings();
  await eventually(async () => expect(await world.effects()).toEqual(applied), within);
  await consumer.stop();
  await appendThing(db, { aggregateId: 'a', version: 4, occurredAt: ago(HOUR_MS) });
  await published(10);

  const send = (range: ReplayRange) => mediator.send(previewReplay(range), { principal });
  const scope = (events: number, keys: number, already_applied: number) => ({
    events,
    keys,
    topics: [{ topic, events }],
    consumer_groups: [{ group: world.group, events, already_applied }],
  });
  expect(await send({ aggregate_ids: ['a', 'b'] })).toEqual(scope(7, 2, 6));
  expect(await send({ types: ['thing.happened'], versions: { from: 3, to: 4 } })).toEqual(scope(4, 3, 3));
  expect(await send({ from: ago(2 * HOUR_MS), to: ago(0) })).toEqual(scope(10, 3, 9));
  expect(await codeOf(send({ from: ago(HOUR_MS / 2) }))).toBe('nothing_to_replay');
  expect(await codeOf(send({ aggregate_ids: ['a'], versions: { from: 5 } }))).toBe('nothing_to_replay');
  expect(await codeOf(send({ types: ['thing.unheard-of'] }))).toBe('unknown_event_type');

  expect(reader.messages).toHaveLength(10);
  expect(await db.query('SELECT FROM audit_log')).toEqual([]);
});

it('records who ordered it, why, and how much it was', async () => {
  await appendThing(db, { aggregateId: 'a', version: 1, occurredAt: ago(HOUR_MS) });
  const { replay_id } = await order({ aggregate_ids: ['a'] });
  const actions = await db.query('SELECT actor, action, subject, reason, details FROM audit_log');
  const range = { aggregate_ids: ['a'], to: expect.any(String) };
  const details = { range, events: 1, keys: 1 };
  expect(actions).toEqual([
    { actor: 'key_alice', action: 'outbox.replay', subject: replay_id, reason: 'a lost topic', details },
  ]);
});

it('delays no replay behind a failed one, which waits and goes on when its cause is gone', async () => {
  relay();
  await publishThings();
  const failing = await order({ aggregate_ids: ['a'] });
  const healthy = await order({ aggregate_ids: ['b'] });
  const range = (to: string) =>
    db.query(
      `UPDATE outbox_replay SET range = jsonb_build_object('aggregate_ids', ARRAY['a'], 'to', $2::text) WHERE replay_id = $1`,
      failing.replay_id,
      to,
    );
  await range('no time');
  writeReplays();
  await published(12);
  expect(versionsByKey(replayed())).toEqual({ b: [1, 2, 3] });
  const status = (replay_id: string) => mediator.send(getReplay({ replay_id }), { principal });
  expect(await status(healthy.replay_id)).toMatchObject({ written: 3, last_error: null });
  await eventually(async () => {
    const [row] = await db.query<{ attempts: number; wait_ms: number }>(
      `SELECT attempts, extract(epoch FROM next_attempt_at - now())::float8 * 1000 AS wait_ms FROM outbox_replay WHERE replay_id = $1`,
      failing.replay_id,
    );
    expect(row?.attempts).toBeGreaterThanOrEqual(2);
    expect(row?.wait_ms).toBeLessThanOrEqual(60_000);
  }, within);
  expect(await status(failing.replay_id)).toMatchObject({ written: 0, last_error: expect.stringContaining('no time') });

  await range(ago(0));
  await published(15);
  expect(versionsByKey(replayed())).toEqual({ a: [1, 2, 3], b: [1, 2, 3] });
  await eventually(async () => {
    expect(await status(failing.replay_id)).toMatchObject({ finished_at: expect.any(String), last_error: null });
  }, within);
});

it('refuses events so old that a consumer may have forgotten that it applied them', async () => {
  const DAY_MS = 24 * HOUR_MS;
  await appendThing(db, { aggregateId: 'a', version: 1, occurredAt: ago(81 * DAY_MS) });
  await appendThing(db, { aggregateId: 'a', version: 2, occurredAt: ago(79 * DAY_MS) });
  expect(await codeOf(order({ aggregate_ids: ['a'] }))).toBe('replay_window_passed');
  expect(await codeOf(order({ aggregate_ids: ['a'], versions: { from: 2 } }))).toBe('accepted');
});

describe('a long replay', () => {
  const EVENTS = 6_000;
  /** As written in the code: one transaction, and what may wait for the relay at a time. */
  const [CHUNK, WAITING] = [500, 2_000];

  /** Twenty aggregates; nothing of it is in the outbox. */
  const fillLog = () =>
    db.query(
      `INSERT INTO event (event_id, aggregate_type, aggregate_id, version, type, data_version, payload, occurred_at, correlation_id)
       SELECT 'evt_' || n, 'thing', 'thing_' || n % 20, 1 + n / 20, 'thing.happened', 1, '{"n":1,"text":"ok"}',
         now() - interval '1 hour', 'req_test' FROM generate_series(0, $1::int - 1) AS n`,
      EVENTS,
    );
  const waiting = async (): Promise<number> => (await db.query('SELECT FROM outbox')).length;

  it('is written chunk by chunk, and waits for the relay; another worker goes on where one stopped', async () => {
    await fillLog();
    const { events, replay_id } = await order({ from: ago(2 * HOUR_MS) });
    const goOn = () => mediator.send(continueReplay({ replay_id }));
    expect(events).toBe(EVENTS);
    expect(await goOn()).toBe('more');
    expect(await waiting()).toBe(CHUNK);
    await Promise.all(Array.from({ length: 10 }, goOn));
    while ((await goOn()) === 'more');
    expect(await waiting()).toBe(WAITING);
    await db.query('DELETE FROM outbox');
    expect(await goOn()).toBe('more');

    writeReplays();
    writeReplays();
    relay();
    await published(EVENTS - WAITING);
    const [replay] = await db.query<{ written: number }>('SELECT written FROM outbox_replay');
    expect(replay?.written).toBe(EVENTS);
    for (const versions of Object.values(versionsByKey(reader.messages))) {
      expect(versions).toEqual([...versions].sort((one, other) => one - other));
    }
    expect(new Set(reader.messages.map(({ headers }) => headers.ce_id)).size).toBe(EVENTS - WAITING);
  });
});
