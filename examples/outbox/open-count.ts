import { claim, keyForEvent, incomingMessage, isEvent, readEvent, sourceOf } from 'paysaga/outbox';
import { openPool, transaction } from './database';
import { openKafka } from './kafka';
import { registry, ticketClosed, ticketOpened, topic } from './ticket-events';

const GROUP = 'open-count';

/** Counts each event key, however often it arrives: its key and its effect are one transaction. */
async function run(): Promise<void> {
  const pool = openPool();
  const consumer = openKafka().createConsumer({ groupId: GROUP, sessionTimeoutMs: 6_000 });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ topic, partition, message }) => {
      const incoming = incomingMessage(topic, partition, message);
      const event = readEvent(incoming, registry);
      await transaction(pool, async (tx) => {
        const key = keyForEvent(GROUP, event.event_id, sourceOf(incoming));
        if (!(await claim(tx, key, new Date().toISOString()))) return;
        const change = isEvent(ticketOpened, event) ? 1 : -1;
        if (!isEvent(ticketOpened, event) && !isEvent(ticketClosed, event)) return;
        await tx.$executeRawUnsafe(
          `INSERT INTO open_count (customer_id, open) VALUES ($1, $2)
           ON CONFLICT (customer_id) DO UPDATE SET open = open_count.open + $2`,
          ...[event.payload.customer_id, change],
        );
      });
    },
  });
  process.once('SIGTERM', () => void consumer.disconnect().then(() => pool.end()));
}

void run();
