import type { LoadResult, LoadShape } from '../load/clients';
import type { Measurement } from '../measurement';
import { startBothSides } from './both-sides';

const FULL: LoadShape = { clients: 20, warmUpMs: 1_500, measureMs: 4_000 };
/** Of a round, by turns: so that what else the machine does falls on both sides. */
const TURNS = 3;

/** Payment sagas per second, and of the no-op workflow with as many activities. */
export const saga: Measurement = {
  name: 'saga',
  unit: 'sagas/s',
  better: 'higher',
  goal: 0.85,
  async prepare(stack) {
    const sides = await startBothSides(stack);
    return async function round() {
      const ours: LoadResult[] = [];
      const limit: LoadResult[] = [];
      for (let turn = 0; turn < TURNS; turn += 1) {
        ours.push(await sides.ours(FULL));
        limit.push(await sides.limit(FULL));
      }
      const parts = { p50_ms: mean(ours.map(p50)), limit_p50_ms: mean(limit.map(p50)) };
      return { ours: mean(ours.map(perSecond)), limit: mean(limit.map(perSecond)), parts };
    };
  },
};

const perSecond = (load: LoadResult): number => load.perSecond;
const p50 = (load: LoadResult): number => load.p50Ms;

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
