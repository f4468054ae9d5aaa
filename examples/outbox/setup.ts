import { createTopics, outboxSchema } from 'paysaga/outbox';
import { openPool } from './database';
import { openKafka } from './kafka';
import { topic } from './ticket-events';

const tables = `
CREATE TABLE ticket (
    ticket_id   text PRIMARY KEY,
    customer_id text NOT NULL,
    subject     text NOT NULL,
    closed      boolean NOT NULL DEFAULT false,
    version     integer NOT NULL
);
CREATE TABLE open_count (
    customer_id text PRIMARY KEY,
    open        integer NOT NULL
);`;

async function setUp(): Promise<void> {
  const pool = openPool();
  await pool.query(outboxSchema + tables);
  await pool.end();
  const config = { partitions: 3, replication: 1, minInsyncReplicas: 1, retentionMs: 7 * 24 * 3_600_000 };
  await createTopics({ kafka: openKafka(), topics: [topic], config });
}

void setUp();
