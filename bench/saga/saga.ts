import { taskQueues } from '../../src/contract';
import { connectTemporalClient } from '../../src/platform/temporal';
import type { LoadResult, LoadShape } from '../load/clients';
import type { HttpLoadSpec } from '../load/http-load';
import { runLoad } from '../load/run-load';
import type { Measurement } from '../measurement';
import { type Server, startApi } from '../orders/start-api';
import type { BenchStack } from '../stack/bench-stack';
import { startProcess } from '../stack/start-process';
import { NOOP_TASK_QUEUE } from './noop-contract';
import type { NoopLoadSpec } from './noop-load';
import { placeOrders } from './place-orders';

const FULL: LoadShape = { clients: 20, warmUpMs: 3_000, measureMs: 10_000 };
const LOW: LoadShape = { clients: 1, warmUpMs: 1_000, measureMs: 5_000 };
/** More than any machine pays in a round. */
const ORDERS_PER_ROUND = 8_000;

/**
 * Payments per second through the real API, worker and relay: `POST /invoices/close-after-payment` is
 * answered when its saga has ended. The limit is a workflow with three activities that do nothing, on the
 * same server, started and waited for by a Temporal client.
 */
export const saga: Measurement = {
  name: 'saga',
  unit: 'sagas/s',
  better: 'higher',
  goal: 0.85,
  async prepare(stack) {
    const api = await startApi(stack);
    return async function round() {
      const { full: ours, low } = await measureSagas(stack, api);
      const { full: limit, low: lowLimit } = await measureNoop(stack);
      const parts = {
        ...{ p50_ms: ours.p50Ms, limit_p50_ms: limit.p50Ms },
        ...{ low_load_p50_ms: low.p50Ms, low_load_limit_p50_ms: lowLimit.p50Ms },
      };
      return { ours: ours.perSecond, limit: limit.perSecond, parts };
    };
  },
};

interface Loads {
  readonly full: LoadResult;
  readonly low: LoadResult;
}

/** Each side has the machine for itself: its worker ends before the other one's starts. */
async function measureSagas(stack: BenchStack, { port, headers }: Server): Promise<Loads> {
  const notices = await placeOrders(stack.databaseUrl, ORDERS_PER_ROUND);
  const requests = notices.map((notice) => ({ path: '/invoices/close-after-payment', body: JSON.stringify(notice) }));
  const spec = { port, headers, method: 'POST', once: true, status: 200 } as const;
  const program = 'load/http-load.js';
  const worker = await startWorker(stack, 'src/worker.js', taskQueues.sagas);
  const pay = (shape: LoadShape, from: number, to?: number): Promise<LoadResult> =>
    runLoad(stack.teardown, program, { ...spec, shape, requests: requests.slice(from, to) } as HttpLoadSpec);
  const low = await pay(LOW, 0, 500);
  const full = await pay(FULL, 500);
  await worker.stop();
  return { low, full };
}

async function measureNoop(stack: BenchStack): Promise<Loads> {
  const worker = await startWorker(stack, 'bench/saga/noop-worker.js', NOOP_TASK_QUEUE);
  const { temporal } = stack.config;
  const execute = (shape: LoadShape): Promise<LoadResult> =>
    runLoad(stack.teardown, 'saga/noop-load.js', { shape, temporal } as NoopLoadSpec);
  const low = await execute(LOW);
  const full = await execute(FULL);
  await worker.stop();
  return { low, full };
}

/** It works once Temporal knows that it asks for workflow tasks. */
function startWorker(stack: BenchStack, program: string, taskQueue: string) {
  const since = Date.now();
  const ready = async (): Promise<boolean> => {
    const { client, close } = connectTemporalClient({ config: stack.config.temporal });
    try {
      const { pollers } = await client.workflowService.describeTaskQueue({
        namespace: stack.config.temporal.namespace,
        taskQueue: { name: taskQueue },
        taskQueueType: WORKFLOW_TASK_QUEUE,
      });
      return (pollers ?? []).some(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000 >= since - 1000);
    } finally {
      await close();
    }
  };
  return startProcess(stack, { program, ready });
}

/** `temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW` */
const WORKFLOW_TASK_QUEUE = 1;
