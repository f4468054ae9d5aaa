import { taskQueues } from '../../src/contract';
import type { LoadResult, LoadShape } from '../load/clients';
import { runLoad } from '../load/run-load';
import type { Measurement } from '../measurement';
import { startApi } from '../orders/start-api';
import type { BenchStack } from '../stack/bench-stack';
import { NOOP_TASK_QUEUE } from './noop-contract';
import type { NoopLoadSpec } from './noop-load';
import { pay } from './pay';
import { startWorker } from './start-worker';

/** Both workers are warm before the first round: a cold one takes twice as long. */
const WARM_UP: LoadShape = { clients: 20, warmUpMs: 0, measureMs: 15_000 };
const FULL: LoadShape = { clients: 20, warmUpMs: 1_500, measureMs: 4_000 };
/** Of a round, by turns: so that what else the machine does falls on both sides. */
const TURNS = 3;
const LOW: LoadShape = { clients: 1, warmUpMs: 500, measureMs: 4_000 };
/** More than any machine pays in one load. */
const ORDERS = 2_000;

/**
 * Payments per second through the real API, worker and relay: `POST /invoices/close-after-payment` is
 * answered when its saga has ended. The limit is a workflow with three activities that do nothing, on the
 * same server, started and waited for by a Temporal client.
 *
 * All processes run all the time. At rest ours take 3 % of two cores from the limit, the polls of the
 * relay mostly.
 */
export const saga: Measurement = {
  name: 'saga',
  unit: 'sagas/s',
  better: 'higher',
  goal: 0.85,
  async prepare(stack) {
    const api = await startApi(stack);
    await startWorker(stack, 'src/worker.js', taskQueues.sagas);
    await startWorker(stack, 'bench/saga/noop-worker.js', NOOP_TASK_QUEUE);
    await pay(stack, api, WARM_UP, ORDERS);
    await executeNoop(stack, WARM_UP);

    return async function round() {
      const ours: LoadResult[] = [];
      const limit: LoadResult[] = [];
      for (let turn = 0; turn < TURNS; turn += 1) {
        ours.push(await pay(stack, api, FULL, ORDERS));
        limit.push(await executeNoop(stack, FULL));
      }
      const lowOurs = await pay(stack, api, LOW, ORDERS / 10);
      const lowLimit = await executeNoop(stack, LOW);
      const parts = {
        p50_ms: mean(ours.map(({ p50Ms }) => p50Ms)),
        limit_p50_ms: mean(limit.map(({ p50Ms }) => p50Ms)),
        low_load_p50_ms: lowOurs.p50Ms,
        low_load_limit_p50_ms: lowLimit.p50Ms,
      };
      return { ours: mean(ours.map(perSecond)), limit: mean(limit.map(perSecond)), parts };
    };
  },
};

function executeNoop({ teardown, config }: BenchStack, shape: LoadShape): Promise<LoadResult> {
  const spec: NoopLoadSpec = { shape, temporal: config.temporal };
  return runLoad(teardown, 'saga/noop-load.js', spec);
}

const perSecond = (load: LoadResult): number => load.perSecond;

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
