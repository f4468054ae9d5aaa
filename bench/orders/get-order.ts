import { Client } from 'pg';
import { inSequence, type Measurement } from '../measurement';
import { runLoad } from '../load/run-load';
import type { BenchStack } from '../stack/bench-stack';
import { INSERT_ORDER, orderParameters } from './insert-order.sql';
import { loadGetOrder, ORDER_LOAD, warmUp } from './order-load';
import type { RawLoadSpec } from './raw-load';
import { startApi, startNoopServer } from './start-api';

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
  return runLoad(teardown, 'orders/raw-load.js', spec);
}
