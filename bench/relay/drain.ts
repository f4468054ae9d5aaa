import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'pg';
import { fillOutbox, ROWS } from './fill-outbox';

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
