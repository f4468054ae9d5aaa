import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'pg';
import type { OutboxActivitiesOptions } from '../activities/outbox';
import { eventRegistry } from '../src/application';
import { connectKafka } from '../src/kafka/client';
import { relayGroups } from '../src/outbox/ownership';
import { runRelay } from '../src/outbox/relay';
import { connectDatabase } from '../src/platform/database/database';
import { createFaults } from '../src/platform/faults';
import { createLogger } from '../src/platform/logger';
import type { BenchStack } from './measurement';

const WARM_UP_ROWS = 3_200;
const POLL_MS = 20;
const DEADLINE_MS = 120_000;

/** Rows per second of a relay that runs and waits for rows: from their commit until the outbox is empty. */
export async function drainRate(client: Client): Promise<number> {
  await drain(client, WARM_UP_ROWS);
  return ROWS / (await drain(client, ROWS));
}

/** Fills an empty outbox, and waits until it is empty again. @returns seconds */
export async function drain(client: Client, rows: number): Promise<number> {
  await fillOutbox(client, rows);
  const began = performance.now();
  while (await isPending(client)) {
    if (performance.now() - began > DEADLINE_MS) throw new Error('The outbox did not get empty.');
    await delay(POLL_MS);
  }
  return (performance.now() - began) / 1000;
}

async function isPending(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ pending: boolean }>('SELECT EXISTS (SELECT FROM outbox) AS pending');
  return rows[0]?.pending === true;
}

/** Rows of one run: those of 20,000 orders, an `order.placed` and an `invoice.issued` each. */
export const ROWS = 40_000;

/** Ids as long and as ordered as ours: a counter for the time, then noise. */
const id = (prefix: string, number: string): string =>
  `'${prefix}_' || lpad(to_hex(${number}), 12, '0') || substr(md5((${number})::text), 1, 20)`;

const FILL_EVENTS = `WITH placed AS (
    SELECT number, ${id('ord', 'number')} AS order_id, ${id('inv', 'number')} AS invoice_id,
      'cus_bench_' || number % 500 AS customer_id, '2026-01-01T00:00:00.000Z' AS at
    FROM generate_series(1, $1::int) AS number)
  INSERT INTO event (event_id, aggregate_type, aggregate_id, version, type, data_version, payload, occurred_at,
    correlation_id)
  SELECT ${id('evt', '2 * number')}, 'order', order_id, 1, 'order.placed', 1,
    jsonb_build_object('order_id', order_id, 'customer_id', customer_id, 'product_sku', 'vps.s', 'quantity', 1,
      'amount', 9900, 'currency', 'EUR', 'collection_method', 'send_invoice', 'payment_method', NULL,
      'invoice_id', invoice_id, 'placed_at', at), at::timestamptz, ${id('req', 'number')}
  FROM placed
  UNION ALL
  SELECT ${id('evt', '2 * number + 1')}, 'invoice', invoice_id, 1, 'invoice.issued', 1,
    jsonb_build_object('order_id', order_id, 'customer_id', customer_id, 'invoice_id', invoice_id,
      'amount', 9900, 'currency', 'EUR', 'issued_at', at), at::timestamptz, ${id('req', 'number')}
  FROM placed`;

/** The shard as `shardOf` has it; `crc32` is there since PostgreSQL 18. */
const ENQUEUE = `INSERT INTO outbox (event_id, shard, aggregate_id)
  SELECT event_id, crc32(aggregate_id::bytea) % 16, aggregate_id FROM event`;

/** Fills the event log, once. */
export async function fillEvents(client: Client, rows = ROWS): Promise<void> {
  await client.query(FILL_EVENTS, [rows / 2]);
  await client.query('ANALYZE event');
}

/** Puts the first events into the outbox, which is empty; they become visible at once. */
export async function fillOutbox(client: Client, rows: number): Promise<void> {
  await client.query(`${ENQUEUE} ORDER BY event_id LIMIT $1::int`, [rows]);
}

/** Puts these events into the outbox, in one transaction. */
export async function enqueue(client: Client, eventIds: readonly string[]): Promise<void> {
  const text = `${ENQUEUE} WHERE event_id = ANY ($1::text[]) ORDER BY event_id`;
  await client.query({ name: 'enqueue', text, values: [eventIds] });
}

/** All groups' relays in this process, without Temporal. @returns ends them */
export function startPlainRelay(options: OutboxActivitiesOptions): () => Promise<void> {
  const { shardsPerRelay } = options.config;
  const stopping = new AbortController();
  const running = Array.from({ length: relayGroups(shardsPerRelay) }, (_, group) => {
    const shards = Array.from({ length: shardsPerRelay }, (_, index) => group * shardsPerRelay + index);
    const wakeUp = options.listener?.wakeUpFor(shards);
    const endless = { signal: stopping.signal, runForMs: Infinity, heartbeat: () => undefined };
    return runRelay({ ...options, ...(wakeUp && { wakeUp }), ...endless, shards });
  });
  return async function stop() {
    stopping.abort();
    await Promise.all(running);
  };
}

/** What the worker process gives its relay. */
export function relayOptions({ config, teardown }: BenchStack): OutboxActivitiesOptions {
  const logger = createLogger({ name: 'bench', ...config.log });
  const database = connectDatabase({ ...config.database, applicationName: 'paysaga-bench', logger });
  teardown.add(() => database.$disconnect());
  const kafka = connectKafka({ config: config.kafka, logger });
  const faults = createFaults({ database, enabled: false, logger });
  return { database, kafka, registry: eventRegistry, config: config.outbox, logger, faults };
}
