import fc from 'fast-check';
import { createApplication, eventRegistry } from '../../../src/application';
import { closeInvoice, reopenInvoice } from '../../../src/billing/close-invoice';
import type { EventRegistry } from '../../../src/events/registry';
import type { Kafka } from '../../../src/kafka/client';
import { placeOrder } from '../../../src/orders/place-order';
import { Refusal } from '../../../src/platform/refusal';
import { eventually } from '../../../testing/eventually';
import { openConnection } from '../../support/connection';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { connectTestKafka, createTestTopic, readTopic, type TopicReader, uniqueName } from '../../support/kafka/kafka';
import { silentLogger } from '../../support/logger';
import { appendThing, thingRegistry, versionsByKey } from '../../support/outbox/outbox';
import { relayConfig, type RunningRelay, startRelay } from '../../support/outbox/relay';

const within = { deadlineMs: 20_000 };
let db: TestDatabase;
let kafka: Kafka;
let topic: string;
let reader: TopicReader;
let relay: RunningRelay | undefined;

beforeAll(async () => {
  db = await createTestDatabase();
  kafka = connectTestKafka();
});
beforeEach(async () => {
  topic = await createTestTopic(kafka, 'relay-order');
  reader = await readTopic(kafka, topic);
});
afterEach(async () => {
  await relay?.stop();
  await db.empty('outbox', 'event');
  await reader.close();
});
afterAll(() => db.close());

const start = (registry: EventRegistry = thingRegistry(topic), batchSize = 3): void => {
  relay = startRelay({ database: db.database, kafka, registry, config: { ...relayConfig, batchSize } });
};
const published = (count: number) =>
  eventually(() => expect(reader.messages.length).toBeGreaterThanOrEqual(count), within);
const drained = () => eventually(async () => expect(await db.query('SELECT FROM outbox')).toHaveLength(0), within);
const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

/** What the topic has to hold now: each event of the log once, each aggregate's in version order. */
async function expectWholeLogInOrder(): Promise<void> {
  const log = await db.query<{ aggregate_id: string; last: number }>(
    'SELECT aggregate_id, max(version) AS last FROM event GROUP BY aggregate_id',
  );
  await drained();
  await published(log.reduce((sum, { last }) => sum + last, 0));
  expect(versionsByKey(reader.messages)).toEqual(
    Object.fromEntries(log.map(({ aggregate_id, last }) => [aggregate_id, upTo(last)])),
  );
}

test('versions are 1, 2, 3… per aggregate while many commands compete, and the topic has each once, in order', async () => {
  await db.query(`INSERT INTO product VALUES ('vps.s', 'VPS', 'service', 9900, 'EUR')`);
  const mediator = createApplication({ database: db.database, logger: silentLogger });
  const order = { customer_id: 'cus_1', product_sku: 'vps.s', amount: 9900, currency: 'EUR', quantity: 1 };
  const orders = await Promise.all(
    upTo(4).map(() => mediator.send(placeOrder({ ...order, collection_method: 'send_invoice' }))),
  );
  start(onOneTopic(eventRegistry, topic), 100);

  // Eight at a time fight for each invoice: one payment closes it, the others are refused until it is open again.
  const fight = async ({ order_id, invoice_id }: (typeof orders)[number], fighter: number): Promise<void> => {
    for (let turn = 0; turn < 12; turn += 1) {
      const payment = { order_id, invoice_id, payment_id: `pay_${fighter}_${turn}` };
      if (await isAccepted(mediator.send(closeInvoice(payment)))) await mediator.send(reopenInvoice(payment));
    }
  };
  await Promise.all(orders.flatMap((placed) => upTo(8).map((fighter) => fight(placed, fighter))));

  const [{ last = 0 } = {}] = await db.query<{ last: number }>('SELECT max(version) AS last FROM event');
  expect(last).toBeGreaterThan(20);
  await expectWholeLogInOrder();
});

test('a transaction that stays open while hundreds commit behind it is published when it commits', async () => {
  const held = await openConnection(db.url);
  const rolledBack = await openConnection(db.url);
  for (const connection of [held, rolledBack]) await connection.query('BEGIN');
  await appendThing(held, { aggregateId: 'held', version: 1 });
  await appendThing(rolledBack, { aggregateId: 'rolled-back', version: 1 });
  await appendThing(held, { aggregateId: 'held', version: 2 });
  start();
  for (let n = 0; n < 300; n += 1)
    await appendThing(db, { aggregateId: `free-${n % 30}`, version: 1 + Math.floor(n / 30) });
  await published(300);
  await drained();
  expect(versionsByKey(reader.messages).held).toBeUndefined();

  await Promise.all([held.query('COMMIT'), rolledBack.query('ROLLBACK')]);
  await published(302);
  await expectWholeLogInOrder();
  expect(versionsByKey(reader.messages)).toMatchObject({ held: [1, 2] });
  await Promise.all([held.end(), rolledBack.end()]);
});

test('whatever the order of ids and commits, nothing is lost and no aggregate is out of order', async () => {
  const connections = await Promise.all(upTo(5).map(() => openConnection(db.url)));
  start();
  const writer = fc.record({ appends: fc.integer({ min: 1, max: 4 }), commitsAt: fc.integer({ min: 0, max: 1_000 }) });
  const rounds = fc.array(fc.tuple(writer, writer, writer, writer, writer), { minLength: 2, maxLength: 5 });

  await fc.assert(
    fc.asyncProperty(rounds, async (plan) => {
      const aggregates = connections.map(() => uniqueName('thing'));
      const versions = aggregates.map(() => 0);
      for (const writers of plan) {
        await Promise.all(connections.map((connection) => connection.query('BEGIN')));
        // Ids are given out in turns, so that every transaction has some below and some above the others'.
        for (let turn = 0; turn < 4; turn += 1) {
          for (const [index, connection] of connections.entries()) {
            if (turn >= (writers[index]?.appends ?? 0)) continue;
            const version = (versions[index] ?? 0) + 1;
            versions[index] = version;
            await appendThing(connection, { aggregateId: aggregates[index] ?? '', version });
          }
        }
        const commits = connections.map((connection, index) => ({ connection, at: writers[index]?.commitsAt ?? 0 }));
        commits.sort((one, other) => one.at - other.at);
        for (const { connection } of commits) await connection.query('COMMIT');
      }
      await drained();
      const expected = Object.fromEntries(
        aggregates.map((aggregate, index) => [aggregate, upTo(versions[index] ?? 0)]),
      );
      await eventually(() => expect(versionsByKey(reader.messages)).toMatchObject(expected), within);
    }),
    { numRuns: 15 },
  );
  await expectWholeLogInOrder();
  await Promise.all(connections.map((connection) => connection.end()));
});

const isAccepted = (sent: Promise<unknown>): Promise<boolean> =>
  sent.then(
    () => true,
    (error: unknown) => {
      if (error instanceof Refusal) return false;
      throw error;
    },
  );

/** The same types, all on one topic of the test's own. */
function onOneTopic(registry: EventRegistry, ofTest: string): EventRegistry {
  return {
    ...registry,
    topics: [ofTest],
    get: (type) => ({ ...registry.get(type), topic: ofTest }),
    find(type) {
      const definition = registry.find(type);
      return definition && { ...definition, topic: ofTest };
    },
  };
}
