import { connectTemporalClient } from '../src/platform/temporal/temporal';
import { taskQueues } from '../src/temporal-contract';
import type { HttpLoadSpec } from './http-load';
import { placeOrders } from './insert-order.sql';
import { type LoadResult, type LoadShape, runLoad } from './load';
import { type BenchProcess, type BenchStack, type Measurement, startProcess } from './measurement';
import type { NoopLoadSpec } from './noop-load';
import { type Server, startApi } from './order-load';

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

/** Both workers are warm before the first round: a cold one takes twice as long. */
const WARM_UP: LoadShape = { clients: 20, warmUpMs: 0, measureMs: 15_000 };
/** More than any machine pays in one load. */
const ORDERS = 2_000;

/** Where the no-op workflows are. */
const NOOP_TASK_QUEUE = 'noop';

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
  await startWorker(stack, 'bench/noop-worker.js', NOOP_TASK_QUEUE);
  const sides: BothSides = {
    ours: (shape) => pay(stack, api, shape, ORDERS),
    limit(shape) {
      const spec: NoopLoadSpec = { shape, temporal: config.temporal, taskQueue: NOOP_TASK_QUEUE };
      return runLoad(teardown, 'noop-load.js', spec);
    },
  };
  await sides.ours(WARM_UP);
  await sides.limit(WARM_UP);
  return sides;
}

/**
 * Pays for orders that it places before: each payment is answered when its saga has ended.
 * @param orders as many as there may be payments in this time; the load fails when there are too few
 */
export async function pay(stack: BenchStack, server: Server, shape: LoadShape, orders: number): Promise<LoadResult> {
  const { port, headers } = server;
  const notices = await placeOrders(stack.databaseUrl, orders);
  const requests = notices.map((notice) => ({ path: '/invoices/close-after-payment', body: JSON.stringify(notice) }));
  const spec: HttpLoadSpec = { shape, port, headers, method: 'POST', requests, once: true, status: 200 };
  return runLoad(stack.teardown, 'http-load.js', spec);
}

/** `temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW` */
const WORKFLOW_TASK_QUEUE = 1;

/** Starts a worker process; it works once Temporal knows that it asks for workflow tasks. */
export async function startWorker(stack: BenchStack, program: string, taskQueue: string): Promise<BenchProcess> {
  const { temporal } = stack.config;
  const { client, close } = connectTemporalClient({ config: temporal });
  const ready = async (): Promise<boolean> => {
    const { pollers } = await client.workflowService.describeTaskQueue({
      namespace: temporal.namespace,
      taskQueue: { name: taskQueue },
      taskQueueType: WORKFLOW_TASK_QUEUE,
    });
    return (pollers ?? []).length > 0;
  };
  return startProcess(stack, { program, env: { TASK_QUEUE: taskQueue }, ready }).finally(close);
}
