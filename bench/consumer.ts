import { setTimeout as delay } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import type { Client } from 'pg';
import { orderPaid } from '../src/domain/order';
import { toEventMessage } from '../src/kafka/cloud-events';
import type { KafkaConfig } from '../src/kafka/kafka-config';
import { newId } from '../src/platform/values';
import { connectClient, type Measurement, startProcess } from './measurement';

/** Applied before the clock starts: the group has joined, and the code is warm. */
const WARM_UP_EVENTS = 1_000;
const EVENTS = 12_000;
const POLL_MS = 20;
const DEADLINE_MS = 120_000;

/**
 * Events per second through the real consumer process: read, checked, and applied to the sales by the
 * group `sales-projection`, once each. The limit inserts the same rows in batches.
 */
export const consumer: Measurement = {
  name: 'consumer',
  unit: 'events/s',
  better: 'higher',
  goal: 0.6,
  async prepare(stack) {
    const { config } = stack;
    const client = await connectClient(stack);
    return async function round() {
      await client.query('TRUNCATE idempotency_key');
      await producePaidEvents(config.kafka, WARM_UP_EVENTS + EVENTS);
      const ready = async (): Promise<boolean> => (await countApplied(client)) >= WARM_UP_EVENTS;
      const running = await startProcess(stack, { program: 'src/consumer.js', ready });
      const ours = await applyRate(client).finally(() => running.stop());
      return { ours, limit: await rawInboxRate(client, EVENTS) };
    };
  },
};

async function applyRate(client: Client): Promise<number> {
  const before = await countApplied(client);
  const began = performance.now();
  for (;;) {
    const count = await countApplied(client);
    const elapsedMs = performance.now() - began;
    if (count >= WARM_UP_EVENTS + EVENTS) return (count - before) / (elapsedMs / 1000);
    if (elapsedMs > DEADLINE_MS) throw new Error(`Only ${count} events were applied.`);
    await delay(POLL_MS);
  }
}

async function countApplied(client: Client): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM idempotency_key WHERE scope = 'sales-projection'`,
  );
  return rows[0]?.count ?? 0;
}

const BATCH = 1_000;

/** Sends new `order.paid` events to their topic, each of another order. */
export async function producePaidEvents({ brokers }: KafkaConfig, count: number): Promise<void> {
  const producer = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).producer();
  await producer.connect();
  try {
    for (let sent = 0; sent < count; sent += BATCH) {
      const messages = Array.from({ length: Math.min(BATCH, count - sent) }, paidEvent);
      await producer.send({ topic: orderPaid.topic, acks: -1, messages });
    }
  } finally {
    await producer.disconnect();
  }
}

function paidEvent() {
  const order_id = newId('ord');
  const customer = { customer_id: 'cus_bench', product_sku: 'vps.s', quantity: 1, amount: 9900, currency: 'EUR' };
  const payload = { order_id, ...customer, invoice_id: newId('inv'), payment_id: order_id.replace('ord', 'pay') };
  return toEventMessage({
    event_id: newId('evt'),
    aggregate_id: order_id,
    version: 2,
    type: orderPaid.type,
    data_version: orderPaid.dataVersion,
    payload: JSON.stringify(payload),
    occurred_at: new Date().toISOString(),
    correlation_id: newId('req'),
    causation_id: null,
    traceparent: null,
    replay_id: null,
  });
}

/** As many as the consumer has between two commits of its offset. */
const INBOX_BATCH = 100;

const APPLY = `WITH applied AS (
    INSERT INTO idempotency_key (scope, key, source, expires_at)
    SELECT 'raw', key, 'paysaga.order/0/0', now() + interval '90 days' FROM unnest($1::text[]) AS key
    ON CONFLICT DO NOTHING RETURNING true)
  INSERT INTO sales_daily (day, currency, orders, amount)
  SELECT current_date, 'EUR', count(*), count(*) * 9900 FROM applied
  ON CONFLICT (day, currency) DO UPDATE
  SET orders = sales_daily.orders + excluded.orders, amount = sales_daily.amount + excluded.amount`;

/**
 * The limit of a consumer, in events per second: the same inbox rows and the same read model, a batch in
 * one statement. Leaves out Kafka, reading the events, and that an effect may be anything.
 */
export async function rawInboxRate(client: Client, events: number): Promise<number> {
  const began = performance.now();
  for (let applied = 0; applied < events; applied += INBOX_BATCH) {
    const keys = Array.from({ length: INBOX_BATCH }, () => newId('evt'));
    await client.query({ name: 'apply', text: APPLY, values: [keys] });
  }
  return events / ((performance.now() - began) / 1000);
}
