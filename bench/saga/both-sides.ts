import { taskQueues } from '../../src/contract';
import type { LoadResult, LoadShape } from '../load/clients';
import { runLoad } from '../load/run-load';
import { startApi } from '../orders/start-api';
import type { BenchStack } from '../stack/bench-stack';
import { NOOP_TASK_QUEUE } from './noop-contract';
import type { NoopLoadSpec } from './noop-load';
import { pay } from './pay';
import { startWorker } from './start-worker';

/** Both workers are warm before the first round: a cold one takes twice as long. */
const WARM_UP: LoadShape = { clients: 20, warmUpMs: 0, measureMs: 15_000 };
/** More than any machine pays in one load. */
const ORDERS = 2_000;

export interface BothSides {
  /** Orders are paid: `POST /invoices/close-after-payment` is answered when the saga has ended, the order `PAID`. */
  ours(shape: LoadShape): Promise<LoadResult>;
  /** A workflow with three activities that do nothing, on the same server, started and waited for by its client. */
  limit(shape: LoadShape): Promise<LoadResult>;
}

/**
 * The real API, worker and relay, and the no-op's worker beside them. All run all the time: at rest ours take 3 % of
 * two cores from the limit, the polls of the relay mostly.
 */
export async function startBothSides(stack: BenchStack): Promise<BothSides> {
  const { teardown, config } = stack;
  const api = await startApi(stack);
  await startWorker(stack, 'src/worker.js', taskQueues.sagas);
  await startWorker(stack, 'bench/saga/noop-worker.js', NOOP_TASK_QUEUE);
  const sides: BothSides = {
    ours: (shape) => pay(stack, api, shape, ORDERS),
    limit(shape) {
      const spec: NoopLoadSpec = { shape, temporal: config.temporal };
      return runLoad(teardown, 'saga/noop-load.js', spec);
    },
  };
  await sides.ours(WARM_UP);
  await sides.limit(WARM_UP);
  return sides;
}
