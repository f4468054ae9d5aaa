import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'pg';
import type { Measurement } from '../measurement';
import { startProcess } from '../stack/start-process';
import { producePaidEvents } from './paid-events';
import { rawInboxRate } from './raw-inbox';
import { connectClient } from '../stack/connect-client';

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
