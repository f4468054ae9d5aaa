import { inSequence, type Measurement } from '../measurement';
import { runLoad } from '../load/run-load';
import type { BenchStack } from '../stack/bench-stack';
import { loadPostOrders, ORDER_LOAD, warmUp } from './order-load';
import type { RawLoadSpec } from './raw-load';
import { startApi, startNoopServer } from './start-api';

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
      const statement = await insertOrders(stack);
      const limit = inSequence(http.perSecond, statement.perSecond);
      const parts = { p50_ms: ours.p50Ms, p95_ms: ours.p95Ms, http: http.perSecond, statement: statement.perSecond };
      return { ours: ours.perSecond, limit, parts };
    };
  },
};

function insertOrders({ teardown, databaseUrl, config }: BenchStack) {
  const spec: RawLoadSpec = { shape: ORDER_LOAD, databaseUrl, poolSize: config.database.poolSize };
  return runLoad(teardown, 'orders/raw-load.js', spec);
}
