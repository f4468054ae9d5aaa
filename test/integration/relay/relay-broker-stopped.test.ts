import { setTimeout as delay } from 'node:timers/promises';
import type { Kafka } from '../../../src/kafka/client';
import { eventually } from '../../../testing/eventually';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { connectTestKafka, createTestTopic, readTopic } from '../../support/kafka/kafka';
import { appendThing, firstOccurrences, thingRegistry, versionsByKey } from '../../support/outbox/outbox';
import { relayConfig, startRelay } from '../../support/outbox/relay';
import { type OwnService, startOwnService } from '../../support/own-service';

/** Longer than an answer may take, so that sends fail in every way that an outage has; `OUTAGE_MS=60000` for a minute. */
const FROZEN_MS = Number(process.env.OUTAGE_MS ?? 14_000);
const DEAD_MS = Number(process.env.OUTAGE_MS ?? 5_000);
/** Between two events of one aggregate. */
const PACE_MS = 50;
const AGGREGATES = 20;
const within = { deadlineMs: 60_000 };

describe('a broker that freezes, and then dies, under load', () => {
  let broker: OwnService;
  let kafka: Kafka;
  let db: TestDatabase;
  beforeAll(async () => {
    broker = await startOwnService('kafka');
    kafka = connectTestKafka({ brokers: [broker.addresses.kafkaBrokers] });
    db = await createTestDatabase();
  }, 120_000);
  afterAll(async () => {
    await db?.close();
    await broker?.stop();
  }, 60_000);

  const waiting = async () => {
    const [row] = await db.query<{ rows: number; attempts: number; parked: number }>(
      `SELECT count(*)::int AS rows, coalesce(max(attempts), 0) AS attempts, count(parked_at)::int AS parked FROM outbox`,
    );
    return row ?? { rows: 0, attempts: 0, parked: 0 };
  };

  it('costs time alone: no attempt is counted, no row becomes a dead letter, and the backlog drains in order', async () => {
    const topic = await createTestTopic(kafka, 'relay-stopped');
    let beats = 0;
    const relay = startRelay({
      database: db.database,
      kafka,
      registry: thingRegistry(topic),
      config: { ...relayConfig, batchSize: 20 },
      runForMs: 600_000,
      heartbeat: () => (beats += 1),
    });
    const load = startLoad(db);
    const outage = async (ms: number): Promise<void> => {
      const until = performance.now() + ms;
      const beatsBefore = beats;
      const before = await waiting();
      await eventually(
        async () => {
          expect(await waiting()).toMatchObject({ attempts: 0, parked: 0 });
          expect(performance.now()).toBeGreaterThanOrEqual(until);
        },
        { deadlineMs: ms + 10_000, everyMs: 200 },
      );
      // One a second; with a broker that refuses every connection at once, a process of two cores is late at times.
      expect(beats - beatsBefore).toBeGreaterThan(ms / 2_000);
      expect((await waiting()).rows).toBeGreaterThan(before.rows);
    };
    await eventually(() => expect(load.versions()).toBeGreaterThan(10), within);

    const pid = broker.pid();
    process.kill(pid, 'SIGSTOP');
    await outage(FROZEN_MS);
    process.kill(pid, 'SIGCONT');
    await eventually(async () => expect((await waiting()).rows).toBeLessThan(AGGREGATES), within);

    process.kill(pid, 'SIGKILL');
    await outage(DEAD_MS);
    await broker.stop();
    await broker.start();
    const last = await load.stop();
    await eventually(async () => expect(await waiting()).toEqual({ rows: 0, attempts: 0, parked: 0 }), within);

    const reader = await readTopic(kafka, topic);
    await eventually(() => expect(reader.messages.length).toBeGreaterThanOrEqual(last * AGGREGATES), within);
    const versions = Object.values(versionsByKey(reader.messages)).map(firstOccurrences);
    const all = Array.from({ length: last }, (_, index) => index + 1);
    expect(versions).toEqual(Array.from({ length: AGGREGATES }, () => all));
    await Promise.all([reader.close(), relay.stop()]);
  }, 300_000);
});

/** Appends the next version of every aggregate, again and again. */
function startLoad(db: TestDatabase) {
  let on = true;
  let version = 0;
  const appending = (async () => {
    while (on) {
      version += 1;
      for (let n = 0; n < AGGREGATES; n += 1) await appendThing(db, { aggregateId: `thing-${n}`, version });
      await delay(PACE_MS);
    }
  })();
  return {
    versions: () => version,
    /** @returns the last version of each aggregate */
    async stop(): Promise<number> {
      on = false;
      await appending;
      return version;
    },
  };
}
