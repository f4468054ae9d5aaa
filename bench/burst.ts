import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'pg';
import { startProvider } from '../dev/stack/provider-process';
import { taskQueues } from '../src/temporal-contract';
import { type ApiClient, createApiClient } from '../testing/api-client';
import { eventually } from '../testing/eventually';
import { type Notice, placeOrders } from './insert-order.sql';
import { type BenchStack, connectClient, type Measurement } from './measurement';
import { startApi } from './order-load';
import { median } from './report';
import { startWorker } from './saga';

/** Charged orders that are placed at once, each size again until so many are paid. */
const SIZES = [20, 100, 400, 1_000] as const;
const AT_LEAST = 400;
const DEADLINE_MS = 300_000;
/** The most that a lone customer's payment may take beside a burst. */
const NEIGHBOUR_MS = 1_000;
/** The lone customer pauses between two payments, so that they do not become a load of their own. */
const PAUSE_MS = 250;
/** More than the lone customer pays in all rounds. */
const LONE_PAYMENTS = 3_000;

const CHARGED = {
  product_sku: 'vps.s',
  amount: 9_900,
  collection_method: 'charge_automatically',
  payment_method: 'pm_ok',
};

interface Burst {
  /** Paid orders per second, from the first request until the last order is paid. */
  readonly perSecond: number;
  /** The slowest of the lone customer's payments meanwhile. */
  readonly neighbourMs: number;
  /** The middle one of them. */
  readonly neighbourP50Ms: number;
}

/** The slowest burst of charged orders against the fastest: the rate holds, however many come at once. */
export const burst: Measurement = {
  name: 'burst',
  unit: 'orders/s',
  better: 'higher',
  goal: 0.8,
  async prepare(stack) {
    const run = await startShop(stack);
    return async function round() {
      const rates: number[] = [];
      const parts: Record<string, number> = {};
      for (const size of SIZES) {
        const times = Math.max(1, AT_LEAST / size);
        const bursts: Burst[] = [];
        for (let time = 0; time < times; time += 1) bursts.push(await run(size));
        const seconds = bursts.reduce((sum, { perSecond }) => sum + size / perSecond, 0);
        rates.push((size * bursts.length) / seconds);
        parts[`at_${size}_per_second`] = (size * bursts.length) / seconds;
        parts[`at_${size}_neighbour_ms`] = Math.max(...bursts.map(({ neighbourMs }) => neighbourMs));
      }
      return { ours: Math.min(...rates), limit: Math.max(...rates), parts };
    };
  },
};

/** The slowest payment of a lone customer beside a thousand charged orders, in ms. */
export const burstNeighbour: Measurement = {
  name: 'burst_neighbour',
  unit: 'ms',
  better: 'lower',
  goal: 1,
  async prepare(stack) {
    const run = await startShop(stack);
    return async function round() {
      const { neighbourMs, neighbourP50Ms, perSecond } = await run(Math.max(...SIZES));
      return { ours: neighbourMs, limit: NEIGHBOUR_MS, parts: { per_second: perSecond, p50_ms: neighbourP50Ms } };
    };
  },
};

/** The API, the worker and the test provider, just started: the first burst finds them cold. */
async function startShop(stack: BenchStack): Promise<(size: number) => Promise<Burst>> {
  const { dataDir, log, teardown } = stack;
  const provider = await startProvider({ dataDir, log, restart: false, teardown });
  const withProvider = { ...stack, env: { ...stack.env, ...provider.env } };
  const { port, headers } = await startApi(withProvider);
  await startWorker(withProvider, 'src/worker.js', taskQueues.sagas);
  const api = createApiClient(`http://127.0.0.1:${port}`, headers.authorization?.replace('Bearer ', ''));
  const database = await connectClient(stack);
  const notices = (await placeOrders(stack.databaseUrl, LONE_PAYMENTS)).values();

  return async function run(size) {
    const customer = `cus_${randomUUID()}`;
    const began = performance.now();
    const payments = payOneByOne(api, notices);
    await Promise.all(Array.from({ length: size }, () => placeCharged(api, customer)));
    await eventually(() => mustBePaid(database, customer, size), { deadlineMs: DEADLINE_MS, everyMs: 50 });
    const seconds = (performance.now() - began) / 1_000;
    const times = await payments.times();
    return { perSecond: size / seconds, neighbourMs: Math.max(...times), neighbourP50Ms: median(times) };
  };
}

/** Repeats a request that was refused for load, as a client does. */
async function placeCharged(api: ApiClient, customer_id: string): Promise<void> {
  await eventually(
    async () => {
      const { status } = await api.call('POST', '/orders', { json: { ...CHARGED, customer_id } });
      if (status !== 201) throw new Error(`POST /orders answered ${status}.`);
    },
    { deadlineMs: DEADLINE_MS, everyMs: 500 },
  );
}

async function mustBePaid(database: Client, customer: string, size: number): Promise<void> {
  const { rows } = await database.query<{ paid: number }>(
    `SELECT count(*)::int AS paid FROM orders WHERE customer_id = $1 AND status IN ('PAID', 'FULFILLED')`,
    [customer],
  );
  if (rows[0]?.paid !== size) throw new Error(`${rows[0]?.paid} of ${size} orders are paid.`);
}

/** A lone customer's payments, one after the other until their times are asked for. */
function payOneByOne(api: ApiClient, notices: Iterator<Notice>) {
  let isOver = false;
  const times: number[] = [];
  const paying = (async () => {
    while (!isOver) {
      const { value: notice, done } = notices.next();
      if (done) throw new Error(`The lone customer has no more than ${LONE_PAYMENTS} orders to pay.`);
      const { status, ms } = await api.call('POST', '/invoices/close-after-payment', {
        json: notice,
        headers: { prefer: 'wait=30' },
      });
      if (status !== 200) throw new Error(`The lone customer's payment was answered ${status}.`);
      times.push(ms);
      await delay(PAUSE_MS);
    }
  })();
  return {
    async times(): Promise<readonly number[]> {
      isOver = true;
      await paying;
      return times;
    },
  };
}
