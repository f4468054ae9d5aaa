import type { LoadShape } from '../load/clients';
import type { Measurement } from '../measurement';
import { startBothSides } from './both-sides';

const LOW: LoadShape = { clients: 1, warmUpMs: 500, measureMs: 8_000 };
/** What a saga may take longer than a workflow that does nothing. */
const ALLOWANCE = 1.3;

/** Milliseconds from the payment to the order that is `PAID`, the median of one client; 1.3 × the no-op workflow's. */
export const sagaLatency: Measurement = {
  name: 'saga_latency',
  unit: 'ms',
  better: 'lower',
  goal: 1,
  async prepare(stack) {
    const sides = await startBothSides(stack);
    return async function round() {
      const { p50Ms } = await sides.ours(LOW);
      const noop = await sides.limit(LOW);
      return { ours: p50Ms, limit: ALLOWANCE * noop.p50Ms, parts: { noop: noop.p50Ms } };
    };
  },
};
