import { RelayStalled } from '../../../src/outbox/progress';
import type { Queryable } from '../../../src/platform/database/statements';
import { eventually } from '../../../testing/eventually';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { createDeferred } from '../../support/deferred';
import { connectTestKafka, createTestTopic, readTopic, type TopicReader } from '../../support/kafka/kafka';
import { appendThing, thingRegistry, versionsByKey } from '../../support/outbox/outbox';
import { startRelay } from '../../support/outbox/relay';

const within = { deadlineMs: 20_000 };
const STALLED_AFTER_MS = 2_000;
const kafka = connectTestKafka();

let db: TestDatabase;
let topic: string;
let reader: TopicReader;

beforeAll(async () => {
  db = await createTestDatabase();
});
beforeEach(async () => {
  topic = await createTestTopic(kafka, 'relay-stalled');
  reader = await readTopic(kafka, topic);
});
afterEach(async () => {
  await db.empty('outbox', 'event');
  await reader.close();
});
afterAll(() => db.close());

const drained = () => eventually(async () => expect(await db.query('SELECT FROM outbox')).toHaveLength(0), within);

/** The same database, in which statements with this text wait until they are let go on. */
function hangingAt(text: string): { database: Queryable; reached: Promise<void>; letGo: () => void } {
  const reached = createDeferred();
  const goesOn = createDeferred();
  const database: Queryable = {
    async $queryRawUnsafe(sql, ...values) {
      if (sql.includes(text)) {
        reached.resolve();
        await goesOn.promise;
      }
      return db.database.$queryRawUnsafe(sql, ...values);
    },
    $executeRawUnsafe: (sql, ...values) => db.database.$executeRawUnsafe(sql, ...values),
  };
  return { database, reached: reached.promise, letGo: goesOn.resolve };
}

test.each(['outbox_pending_rows', 'DELETE FROM outbox'])(
  'a round that hangs in %s stops the heartbeats and gives the run up; the next one publishes everything',
  async (text) => {
    let beats = 0;
    const heartbeat = () => (beats += 1);
    const hanging = hangingAt(text);
    const registry = thingRegistry(topic);
    for (const version of [1, 2]) await appendThing(db, { aggregateId: 'thing', version });
    const stalled = startRelay({
      database: hanging.database,
      kafka,
      registry,
      heartbeat,
      stalledAfterMs: STALLED_AFTER_MS,
    });
    await hanging.reached;
    await expect(stalled.result).rejects.toThrow(RelayStalled);
    const beatsThen = beats;

    const next = startRelay({ database: db.database, kafka, registry });
    await drained();
    await appendThing(db, { aggregateId: 'thing', version: 3 });
    hanging.letGo();
    await drained();
    await eventually(() => expect(reader.messages.length).toBeGreaterThanOrEqual(3), within);
    expect([...new Set(versionsByKey(reader.messages).thing)]).toEqual([1, 2, 3]);
    expect(beats).toBe(beatsThen);
    await next.stop();
  },
);

test('waiting for new rows, however long, is no stall', async () => {
  let beats = 0;
  const relay = startRelay({
    database: db.database,
    kafka,
    registry: thingRegistry(topic),
    stalledAfterMs: 1_500,
    wakeUp: { wait: (_ms, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve())) },
    heartbeat: () => (beats += 1),
  });
  await eventually(() => expect(beats).toBeGreaterThan(3), within);
  await expect(relay.stop()).resolves.toEqual({ published: 0, fencedOff: false });
});
