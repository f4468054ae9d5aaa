import { Client } from 'pg';
import type { HttpLoadSpec } from './http-load';
import { INSERT_ORDER, orderParameters } from './insert-order.sql';
import { type LoadShape, runLoad } from './load';
import { type BenchStack, inSequence, type Measurement } from './measurement';
import { loadGetOrder, loadPostOrders, ORDER_LOAD, type Server, startApi, startNoopServer, warmUp } from './order-load';
import type { RawLoadSpec } from './raw-load';

/**
 * Orders per second through the real API process. The limit does in sequence what cannot be left out:
 * Hono with the same validation and no effect, then one `pg` statement that writes the same rows.
 */
export const postOrders: Measurement = {
  name: 'post_orders',
  unit: 'orders/s',
  better: 'higher',
  goal: 0.6,
  async prepare(stack) {
    const [api, noop] = [await startApi(stack), await startNoopServer(stack)];
    await warmUp(() => loadPostOrders(stack, api));
    return async function round() {
      const ours = await loadPostOrders(stack, api);
      const http = await loadPostOrders(stack, noop);
      const statement = await insertRaw(stack);
      const limit = inSequence(http.perSecond, statement.perSecond);
      const parts = { p50_ms: ours.p50Ms, p95_ms: ours.p95Ms, http: http.perSecond, statement: statement.perSecond };
      return { ours: ours.perSecond, limit, parts };
    };
  },
};

function insertRaw({ teardown, databaseUrl, config }: BenchStack) {
  const spec: RawLoadSpec = { shape: ORDER_LOAD, databaseUrl, poolSize: config.database.poolSize };
  return runLoad(teardown, 'raw-load.js', spec);
}

/** Orders per second with a new `Idempotency-Key` each. The limit is the same without. */
export const postIdempotent: Measurement = {
  name: 'post_idempotent',
  unit: 'orders/s',
  better: 'higher',
  goal: 0.75,
  async prepare(stack) {
    const api = await startApi(stack);
    await warmUp(() => loadPostOrders(stack, api, { idempotencyKeys: true }));
    return async function round() {
      const ours = await loadPostOrders(stack, api, { idempotencyKeys: true });
      const limit = await loadPostOrders(stack, api);
      return { ours: ours.perSecond, limit: limit.perSecond, parts: { p50_ms: ours.p50Ms, p95_ms: ours.p95Ms } };
    };
  },
};

const ORDERS = 2_000;

/** Orders read per second through the real API process; the limit is Hono with the same validation, then a select. */
export const getOrder: Measurement = {
  name: 'get_order',
  unit: 'requests/s',
  better: 'higher',
  goal: 0.7,
  async prepare(stack) {
    const orderIds = await insertOrders(stack.databaseUrl);
    const [api, noop] = [await startApi(stack), await startNoopServer(stack)];
    await warmUp(() => loadGetOrder(stack, api, orderIds));
    return async function round() {
      const ours = await loadGetOrder(stack, api, orderIds);
      const http = await loadGetOrder(stack, noop, orderIds);
      const statement = await selectOrders(stack, orderIds);
      const limit = inSequence(http.perSecond, statement.perSecond);
      const parts = { p50_ms: ours.p50Ms, p95_ms: ours.p95Ms, http: http.perSecond, statement: statement.perSecond };
      return { ours: ours.perSecond, limit, parts };
    };
  },
};

async function insertOrders(connectionString: string): Promise<string[]> {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    const orderIds: string[] = [];
    for (let number = 0; number < ORDERS; number += 1) {
      const values = orderParameters(number);
      await client.query({ name: 'insert', text: INSERT_ORDER, values });
      orderIds.push(String(values[0]));
    }
    return orderIds;
  } finally {
    await client.end();
  }
}

function selectOrders({ teardown, databaseUrl, config }: BenchStack, orderIds: readonly string[]) {
  const spec: RawLoadSpec = { shape: ORDER_LOAD, databaseUrl, poolSize: config.database.poolSize, orderIds };
  return runLoad(teardown, 'raw-load.js', spec);
}

/** What anybody may read without a key. */
const READ = { health: '/health', metrics: '/metrics', script: '/docs/swagger-ui-bundle.js' };
/** The least that the same process can answer. */
const LEAST = '/health/live';
const READERS = 100;

/**
 * The p50 of POST /orders beside a hundred clients that read what needs no key, in ms; that of the worst. The limit is the
 * p50 beside as many that read a page which costs nothing.
 */
export const besideReaders: Measurement = {
  name: 'beside_readers',
  unit: 'ms',
  better: 'lower',
  goal: 0.5,
  async prepare(stack) {
    const api = await startApi(stack);
    await warmUp(() => loadPostOrders(stack, api));
    return async function round() {
      const limit = await postBeside(stack, api, LEAST);
      const parts: Record<string, number> = {};
      for (const [name, path] of Object.entries(READ)) parts[`${name}_p50_ms`] = await postBeside(stack, api, path);
      const ours = Math.max(...Object.values(parts));
      const alone = await loadPostOrders(stack, api);
      return { ours, limit, parts: { ...parts, alone_p50_ms: alone.p50Ms } };
    };
  },
};

async function postBeside(stack: BenchStack, api: Server, path: string): Promise<number> {
  const { warmUpMs, measureMs } = ORDER_LOAD;
  const shape: LoadShape = { clients: READERS, warmUpMs, measureMs };
  const reads: HttpLoadSpec = { shape, port: api.port, method: 'GET', requests: [{ path }], status: 200 };
  const [posts] = await Promise.all([loadPostOrders(stack, api), runLoad(stack.teardown, 'http-load.js', reads)]);
  return posts.p50Ms;
}
