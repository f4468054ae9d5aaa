import type { LoadShape } from '../load/clients';
import type { HttpLoadSpec } from '../load/http-load';
import { runLoad } from '../load/run-load';
import type { Measurement } from '../measurement';
import type { BenchStack } from '../stack/bench-stack';
import { loadPostOrders, ORDER_LOAD, warmUp } from './order-load';
import { type Server, startApi } from './start-api';

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
  const [posts] = await Promise.all([loadPostOrders(stack, api), runLoad(stack.teardown, 'load/http-load.js', reads)]);
  return posts.p50Ms;
}
