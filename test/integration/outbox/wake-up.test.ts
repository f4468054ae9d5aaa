import { createApplication, eventRegistry } from '../../../src/application';
import type { Kafka } from '../../../src/kafka/client';
import { cancelOrder } from '../../../src/orders/cancel-order';
import { placeOrder } from '../../../src/orders/place-order';
import { requeueOutboxRow } from '../../../src/outbox/admin';
import { createListener, createNotifier, type Listener } from '../../../src/outbox/notify';
import { continueReplay, startReplay } from '../../../src/outbox/replay';
import { eventually } from '../../../testing/eventually';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { connectTestKafka, createTestTopic, readTopic, type TopicReader } from '../../support/kafka/kafka';
import { silentLogger } from '../../support/logger';
import { allShards, relayConfig, startRelay } from '../../support/outbox/relay';

/** So rare that a row is published in time only after a notification. */
const NO_POLL = { ...relayConfig, pollIntervalMs: 60_000 };
const within = { deadlineMs: 5_000 };

let db: TestDatabase;
let kafka: Kafka;
let topic: string;
let reader: TopicReader;
let listener: Listener;
let notifier: ReturnType<typeof createNotifier>;

beforeAll(async () => {
  db = await createTestDatabase();
  await db.query(`INSERT INTO product VALUES ('vps.s', 'VPS', 'service', 9900, 'EUR')`);
  kafka = connectTestKafka();
  topic = await createTestTopic(kafka, 'wake-up');
  reader = await readTopic(kafka, topic);
  const options = { url: db.url, applicationName: 'notifications', logger: silentLogger };
  listener = createListener(options);
  notifier = createNotifier(options);
  await eventually(async () => expect(await notificationConnections()).toHaveLength(2), within);
});
afterAll(async () => {
  await Promise.all([listener?.close(), notifier?.close(), reader?.close()]);
  await db?.close();
});

const notificationConnections = () =>
  db.query<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity WHERE application_name = 'notifications' AND state = 'idle'`,
  );

/** All events to one topic of this test. */
const toTopic = { ...eventRegistry, find: (type: string) => ({ ...eventRegistry.get(type), topic }) };

test('a committed event is published at once, not with the next poll, also after the connections were lost', async () => {
  const mediator = createApplication({ database: db.database, logger: silentLogger, notifier });
  const order = { customer_id: 'cus_1', product_sku: 'vps.s', amount: 9_900, currency: 'EUR', quantity: 1 };
  const place = () => mediator.send(placeOrder({ ...order, collection_method: 'send_invoice' }));
  const published = (count: number) => eventually(() => expect(reader.messages).toHaveLength(count), within);
  const wakeUp = listener.wakeUpFor(allShards);
  const relay = startRelay({ database: db.database, kafka, registry: toTopic, config: NO_POLL, wakeUp });
  try {
    await place();
    await published(2);

    const lost = await notificationConnections();
    await db.query(
      'SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) AS pid',
      lost.map(({ pid }) => pid),
    );
    await eventually(async () => {
      const pids = (await notificationConnections()).map(({ pid }) => pid);
      expect(pids).toHaveLength(2);
      expect(pids).not.toEqual(expect.arrayContaining([lost[0]?.pid]));
    }, within);
    await Promise.all(Array.from({ length: 20 }, place));
    await published(42);
  } finally {
    await relay.stop();
  }
});

test('notifications of other shards do not end the wait', async () => {
  const stopped = new AbortController();
  let woken = false;
  const waiting = listener
    .wakeUpFor([3])
    .wait(60_000, stopped.signal)
    .then(() => (woken = true));
  const other = listener.wakeUpFor([7]).wait(60_000, stopped.signal);
  notifier.appended([7]);
  await other;
  expect(woken).toBe(false);
  notifier.appended([3]);
  await waiting;
  expect(stopped.signal.aborted).toBe(false);
});

test('what an operator requeues or replays is published at once as well', async () => {
  const mediator = createApplication({ database: db.database, logger: silentLogger, notifier });
  const order = { customer_id: 'cus_2', product_sku: 'vps.s', amount: 9_900, currency: 'EUR', quantity: 1 };
  const { order_id } = await mediator.send(placeOrder({ ...order, collection_method: 'send_invoice' }));
  await mediator.send(cancelOrder({ order_id }));
  const [placed] = await db.query<{ id: string; event_id: string }>(
    `UPDATE outbox SET parked_at = now() WHERE aggregate_id = $1 AND id = (SELECT min(id) FROM outbox WHERE aggregate_id = $1)
     RETURNING id, event_id`,
    order_id,
  );
  const messagesOf = () => reader.messages.filter(({ key }) => key === order_id);
  const published = (count: number) => eventually(() => expect(messagesOf()).toHaveLength(count), within);
  const wakeUp = listener.wakeUpFor(allShards);
  const relay = startRelay({ database: db.database, kafka, registry: toTopic, config: NO_POLL, wakeUp });
  const settled = async () =>
    expect(await db.query('SELECT FROM outbox WHERE parked_at IS NULL AND aggregate_id <> $1', order_id)).toHaveLength(
      0,
    );
  try {
    await eventually(settled, within);
    await mediator.send(requeueOutboxRow({ id: placed?.id ?? '', reason: 'again' }));
    await published(2);
    const { replay_id } = await mediator.send(startReplay({ aggregate_ids: [order_id], reason: 'again' }));
    await mediator.send(continueReplay({ replay_id }));
    await published(4);
  } finally {
    await relay.stop();
  }
});
