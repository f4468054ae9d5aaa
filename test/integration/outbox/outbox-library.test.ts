import { z } from 'zod';
import {
  append,
  claim,
  connectKafka,
  createEventRegistry,
  createTopics,
  defineEvent,
  keyForEvent,
  outboxSchema,
  startRelay,
} from '../../../src/outbox';
import { eventually } from '../../../testing/eventually';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { createDeferred } from '../../support/deferred';
import { connectTestKafka, readTopic, topicSettings, uniqueName } from '../../support/kafka/kafka';

const within = { deadlineMs: 20_000 };
const topic = uniqueName('library');
const noted = defineEvent({ type: 'note.noted', dataVersion: 1, topic, payload: z.strictObject({ text: z.string() }) });
const registry = createEventRegistry([noted], { source: '/notes', typePrefix: 'org.notes.' });
const kafka = connectKafka({
  config: { brokers: (process.env.KAFKA_BROKERS ?? '').split(','), clientId: 'notes', ssl: false },
});

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
  await createTopics({ kafka, topics: [topic], config: topicSettings });
});
afterEach(() => db.empty('outbox', 'event', 'idempotency_key'));
afterAll(() => db.close());

const note = (aggregate_id: string, version: number, text = 'ok') => ({
  aggregate_type: 'note',
  aggregate_id,
  version,
  type: noted.type,
  payload: { text },
});
const count = async (table: string): Promise<number> =>
  (await db.query<{ count: number }>(`SELECT count(*)::int FROM ${table}`))[0]?.count ?? 0;

test('events are committed with the state, and published in order', async () => {
  const reader = await readTopic(connectTestKafka(), topic);
  const relay = startRelay({ database: db.database, kafka, registry });
  const ids = await db.database.$transaction((tx) =>
    append(tx, {
      registry,
      events: [note('a', 1), note('a', 2), note('b', 1)],
      context: { correlation_id: 'req_7' },
    }),
  );
  await eventually(() => expect(reader.messages).toHaveLength(3), within);
  const sent = reader.messages.map(({ key, headers }) => [headers.ce_id, key, headers.ce_sequence]);
  expect(sent.filter(([, key]) => key === 'a')).toEqual([
    [ids[0], 'a', '1'],
    [ids[1], 'a', '2'],
  ]);
  expect(sent).toContainEqual([ids[2], 'b', '1']);
  expect(reader.messages[0]?.headers).toMatchObject({
    ce_source: '/notes',
    ce_type: 'org.notes.note.noted',
    ce_correlationid: 'req_7',
  });
  expect(await relay.stop()).toEqual({ published: 3, fencedOff: false });
  await reader.close();
});

test('a transaction that is rolled back leaves nothing to publish', async () => {
  const rolledBack = db.database.$transaction(async (tx) => {
    await append(tx, { registry, events: [note('a', 1)] });
    throw new Error('changed my mind');
  });
  await expect(rolledBack).rejects.toThrow('changed my mind');
  expect([await count('event'), await count('outbox')]).toEqual([0, 0]);
});

test.each([
  ['whose type is not declared', { ...note('a', 2), type: 'note.burnt' }, 'not in the registry'],
  ['whose payload does not fit', { ...note('a', 2), payload: { text: 7 } }, 'does not fit its schema'],
])('an event %s fails the whole append', async (_what, event, message) => {
  await expect(append(db.database, { registry, events: [note('a', 1), event] })).rejects.toThrow(message);
  expect([await count('event'), await count('outbox')]).toEqual([0, 0]);
});

test('of two writers with the same version the second is refused', async () => {
  await append(db.database, { registry, events: [note('a', 1)] });
  await expect(append(db.database, { registry, events: [note('a', 1, 'other')] })).rejects.toThrow(/unique/i);
  expect(await count('outbox')).toBe(1);
});

test('a second relay of the same shards fences the first one off', async () => {
  const first = startRelay({ database: db.database, kafka, registry });
  await eventually(async () => {
    const [shard] = await db.query<{ epoch: string }>('SELECT min(epoch) AS epoch FROM outbox_shard');
    expect(Number(shard?.epoch)).toBeGreaterThan(0);
  }, within);
  const second = startRelay({ database: db.database, kafka, registry });
  expect(await first.ended).toEqual({ published: 0, fencedOff: true });
  expect(await second.stop()).toEqual({ published: 0, fencedOff: false });
});

describe('claim', () => {
  const once = keyForEvent('readers', 'evt_1', 'notes/0/1');
  const now = '2026-11-21T10:00:00.000Z';
  const claimed = (): Promise<boolean> => db.database.$transaction((tx) => claim(tx, once, now));

  test('is true once, and again after a rollback', async () => {
    const rolledBack = db.database.$transaction(async (tx) => {
      expect(await claim(tx, once, now)).toBe(true);
      throw new Error('rolled back');
    });
    await expect(rolledBack).rejects.toThrow('rolled back');
    expect([await claimed(), await claimed()]).toEqual([true, false]);
  });

  test('waits briefly for another transaction with the key, then says that it is locked', async () => {
    const [holds, done] = [createDeferred(), createDeferred()];
    const holder = db.database.$transaction(async (tx) => {
      await claim(tx, once, now);
      holds.resolve();
      await done.promise;
    });
    await holds.promise;
    await expect(claimed()).rejects.toThrow(/lock timeout/);
    done.resolve();
    await holder;
    expect(await claimed()).toBe(false);
  });

  test('leaves the transaction the lock time-out that it had', async () => {
    const timeouts = await db.database.$transaction(async (tx) => {
      await tx.$executeRawUnsafe(`SET LOCAL lock_timeout = '1234ms'`);
      await claim(tx, once, now);
      return tx.$queryRawUnsafe<unknown[]>(`SELECT current_setting('lock_timeout') AS lock_timeout`);
    });
    expect(timeouts).toEqual([{ lock_timeout: '1234ms' }]);
  });
});

test('the schema for others is that of the migrations', async () => {
  await db.query('CREATE SCHEMA library');
  await db.query(`SET search_path = library`);
  await db.query(outboxSchema);
  await db.query('SET search_path = public');
  const described = await describeOutbox('library');
  expect(described.length).toBeGreaterThan(60);
  expect(described).toEqual(await describeOutbox('public'));
});

/** Everything about the outbox's and the inbox's tables that a statement could notice. */
const describeOutbox = async (schema: string): Promise<string[]> => {
  const lines = await db.query<{ line: string }>(
    `WITH ours AS (
       SELECT oid, relname, reloptions FROM pg_class
       WHERE relnamespace = $1::regnamespace AND relkind = 'r'
         AND relname IN ('event', 'outbox', 'outbox_shard', 'outbox_replay', 'idempotency_key'))
     SELECT 'table ' || relname || ' ' || coalesce((SELECT string_agg(o, ', ' ORDER BY o) FROM unnest(reloptions) AS o), '') AS line FROM ours
     UNION ALL
     SELECT 'column ' || relname || '.' || attname || ' ' || format_type(atttypid, atttypmod) || ' ' || attnotnull || ' '
       || attidentity::text || ' ' || coalesce(pg_get_expr(adbin, adrelid), '')
     FROM ours JOIN pg_attribute ON attrelid = ours.oid LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
     WHERE attnum > 0 AND NOT attisdropped
     UNION ALL
     SELECT 'index ' || pg_get_indexdef(indexrelid) FROM ours JOIN pg_index ON indrelid = ours.oid
     UNION ALL
     SELECT 'constraint ' || relname || ' ' || conname || ' ' || pg_get_constraintdef(pg_constraint.oid)
     FROM ours JOIN pg_constraint ON conrelid = ours.oid
     UNION ALL
     SELECT 'trigger ' || pg_get_triggerdef(pg_trigger.oid)
     FROM ours JOIN pg_trigger ON tgrelid = ours.oid WHERE NOT tgisinternal
     UNION ALL
     SELECT 'function ' || pg_get_functiondef(pg_proc.oid) FROM pg_proc
     WHERE pronamespace = $1::regnamespace AND (proname LIKE 'outbox%' OR proname = 'refuse_change')
     UNION ALL
     SELECT 'sequence ' || seqincrement || ' ' || seqcache FROM pg_sequence
     WHERE seqrelid = pg_get_serial_sequence($1 || '.outbox', 'id')::regclass`,
    schema,
  );
  return lines.map(({ line }) => line.replaceAll(`${schema}.`, '')).sort();
};
