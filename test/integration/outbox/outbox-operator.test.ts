import { createApplication } from '../../../src/application';
import type { Mediator } from '../../../src/cqrs/mediator';
import type { Principal } from '../../../src/cqrs/message';
import type { Kafka } from '../../../src/kafka/client';
import {
  discardOutboxRow,
  getOutboxRow,
  listOutboxRows,
  type OutboxRowView,
  requeueOutboxRow,
} from '../../../src/outbox/admin';
import { eventually } from '../../../testing/eventually';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { connectTestKafka, createTestTopic, readTopic, type TopicReader, uniqueName } from '../../support/kafka/kafka';
import { silentLogger } from '../../support/logger';
import { appendThing, firstOccurrences, thingRegistry, versionsByKey } from '../../support/outbox/outbox';
import { type RunningRelay, startRelay } from '../../support/outbox/relay';
import { codeOf } from '../../support/refusal-code';

const within = { deadlineMs: 20_000 };
const principal: Principal = { role: 'operator', keyId: 'key_alice' };
/** Of Kafka; the version 2 of `held` is larger. */
const TOPIC_LIMIT_BYTES = 3_000;

let db: TestDatabase;
let kafka: Kafka;
let mediator: Mediator;
let topic: string;
let reader: TopicReader;
let relay: RunningRelay;

beforeAll(async () => {
  db = await createTestDatabase();
  kafka = connectTestKafka();
  mediator = createApplication({ database: db.database, logger: silentLogger });
});
beforeEach(async () => {
  topic = await createTestTopic(kafka, 'operator');
  reader = await readTopic(kafka, topic);
  relay = startRelay({ database: db.database, kafka, registry: thingRegistry(topic) });
});
afterEach(async () => {
  await relay.stop();
  await db.empty('outbox', 'event', 'audit_log');
  await reader.close();
});
afterAll(() => db.close());

async function limitMessages(bytes: number): Promise<void> {
  const admin = kafka.createAdmin();
  await admin.connect();
  const configEntries = [{ name: 'max.message.bytes', value: String(bytes) }];
  await admin.alterConfigs({ validateOnly: false, resources: [{ type: 2, name: topic, configEntries }] });
  await admin.disconnect();
}

/** An aggregate whose second event Kafka refuses, and whose third waits behind it. @returns the dead letter */
async function parkTheSecond(aggregateId: string): Promise<OutboxRowView> {
  await limitMessages(TOPIC_LIMIT_BYTES);
  for (const version of [1, 2, 3]) {
    await appendThing(db, { aggregateId, version, ...(version === 2 && { text: 'x'.repeat(5_000) }) });
  }
  return eventually(async () => {
    const [row] = (await mediator.send(listOutboxRows({ state: 'parked', limit: 50 }), { principal })).data;
    if (!row) throw new Error('Nothing is parked yet.');
    return row;
  }, within);
}

/** One after the other, so that the relay goes round again and again, and finds what it may skip. */
async function publishOthers(count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    const aggregateId = uniqueName('other');
    await appendThing(db, { aggregateId, version: 1 });
    await eventually(() => expect(reader.messages.map(({ key }) => key)).toContain(aggregateId), within);
  }
}

const versionsOf = (aggregateId: string) => firstOccurrences(versionsByKey(reader.messages)[aggregateId] ?? []);
const actions = () => db.query<Record<string, unknown>>('SELECT * FROM audit_log ORDER BY at');

it('lists a dead letter with what an operator needs, and counts the rows behind it', async () => {
  const row = await parkTheSecond('held');
  const [event] = await db.query<{ event_id: string }>('SELECT event_id FROM event WHERE version = 2');
  expect(row).toEqual({
    id: expect.stringMatching(/^\d+$/),
    event_id: event?.event_id,
    type: 'thing.happened',
    aggregate_id: 'held',
    shard: expect.any(Number),
    attempts: 1,
    last_error: expect.stringContaining('MESSAGE_TOO_LARGE'),
    parked_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
  });
  const detail = await mediator.send(getOutboxRow({ id: row.id }), { principal });
  expect(detail).toEqual({ ...row, version: 2, next_attempt_at: null, replay_id: null, behind: 1 });
});

it('publishes a requeued row before the later ones of its aggregate, and records who did it and why', async () => {
  const row = await parkTheSecond('held');
  await publishOthers(20);
  expect(versionsOf('held')).toEqual([1]);

  await limitMessages(1_000_000);
  const requeued = await mediator.send(requeueOutboxRow({ id: row.id, reason: 'limit raised' }), { principal });
  expect(requeued).toMatchObject({ id: row.id, attempts: 0, parked_at: null, last_error: null });

  await eventually(() => expect(versionsOf('held')).toEqual([1, 2, 3]), within);
  expect(await actions()).toEqual([
    {
      audit_log_id: expect.stringMatching(/^opa_/),
      at: expect.any(Date),
      actor: 'key_alice',
      action: 'outbox.requeue',
      subject: row.id,
      reason: 'limit raised',
      details: {
        event_id: row.event_id,
        type: 'thing.happened',
        aggregate_id: 'held',
        version: 2,
        attempts: 1,
        last_error: row.last_error,
      },
    },
  ]);
});

it('parks a requeued row again when nothing has changed, and the later ones go on waiting', async () => {
  const row = await parkTheSecond('held');
  await mediator.send(requeueOutboxRow({ id: row.id, reason: 'perhaps now' }), { principal });
  const parkedAgain = async () => {
    const found = await mediator.send(getOutboxRow({ id: row.id }), { principal });
    expect(found.parked_at).not.toBeNull();
    expect(found).toMatchObject({ attempts: 1, behind: 1 });
  };
  await eventually(parkedAgain, within);
  expect(versionsOf('held')).toEqual([1]);
});

it('publishes the later rows of an aggregate once its dead letter is discarded, and keeps what it was', async () => {
  const row = await parkTheSecond('held');
  await publishOthers(5);
  expect(versionsOf('held')).toEqual([1]);

  const discarded = await mediator.send(discardOutboxRow({ id: row.id, reason: 'nobody needs it' }), { principal });
  expect(discarded).toEqual(row);

  await eventually(() => expect(versionsOf('held')).toEqual([1, 3]), within);
  expect(await actions()).toMatchObject([
    {
      action: 'outbox.discard',
      actor: 'key_alice',
      subject: row.id,
      reason: 'nobody needs it',
      details: { event_id: row.event_id, version: 2, last_error: row.last_error },
    },
  ]);
  expect(await db.query('SELECT FROM event WHERE event_id = $1', row.event_id)).toHaveLength(1);
});

it('lets one of two operators act who come at the same time', async () => {
  await relay.stop();
  await appendThing(db, { aggregateId: 'held', version: 1 });
  for (let turn = 1; turn <= 20; turn += 1) {
    const [row] = await db.query<{ id: string }>('UPDATE outbox SET parked_at = now() RETURNING id');
    if (!row) break;
    const outcomes = await Promise.all([
      codeOf(mediator.send(requeueOutboxRow({ id: row.id, reason: 'again' }), { principal })),
      codeOf(mediator.send(requeueOutboxRow({ id: row.id, reason: 'again' }), { principal })),
      codeOf(mediator.send(discardOutboxRow({ id: row.id, reason: 'away' }), { principal })),
    ]);
    expect(outcomes.filter((outcome) => outcome === 'accepted')).toHaveLength(1);
    for (const outcome of outcomes)
      expect(['accepted', 'outbox_row_not_parked', 'outbox_row_not_found']).toContain(outcome);
    expect(await actions()).toHaveLength(turn);
    if ((await db.query('SELECT FROM outbox')).length === 0) {
      await appendThing(db, { aggregateId: 'held', version: turn + 1 });
    }
  }
});

it('keeps the audit as it is', async () => {
  await expect(db.query('UPDATE audit_log SET actor = actor')).rejects.toThrow(/append-only/);
  await expect(db.query('DELETE FROM audit_log')).rejects.toThrow(/append-only/);
});
