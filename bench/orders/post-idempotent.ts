import type { Measurement } from '../measurement';
import { loadPostOrders, warmUp } from './order-load';
import { startApi } from './start-api';

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
