import { setTimeout as delay } from 'node:timers/promises';
import { taskQueues } from '../src/temporal-contract';
import type { LoadShape } from './load';
import { type Measurement, residentMiB, startProcess } from './measurement';
import { loadPostOrders, startApi } from './order-load';
import { pay, startWorker } from './saga';

/** Three rounds make ten minutes. */
const ROUND_MS = 200_000;
const ORDERING: LoadShape = { clients: 2, warmUpMs: 0, measureMs: ROUND_MS };
const PAYING: LoadShape = { clients: 4, warmUpMs: 0, measureMs: ROUND_MS };
/** More than any machine pays in a round. */
const PAID_ORDERS = 10_000;
const SAMPLE_MS = 1_000;

/**
 * Resident memory in MiB of the process that is nearest to its limit, at its highest in a round of orders and
 * payments. The rounds follow each other on the same processes: what grows, grows from round to round.
 */
export const memory: Measurement = {
  name: 'memory',
  unit: 'MiB',
  better: 'lower',
  goal: 1,
  async prepare(stack) {
    const api = await startApi(stack);
    const worker = await startWorker(stack, 'src/worker.js', taskQueues.sagas);
    const consumer = await startProcess(stack, { program: 'src/consumer.js', ready: async () => true });
    const processes = [
      { name: 'api', pid: api.pid, limit: 256 },
      { name: 'worker', pid: worker.pid, limit: 512 },
      { name: 'consumer', pid: consumer.pid, limit: 256 },
    ];

    return async function round() {
      let loaded = false;
      const loading = Promise.all([
        loadPostOrders(stack, api, { shape: ORDERING }),
        pay(stack, api, PAYING, PAID_ORDERS),
      ]).finally(() => (loaded = true));
      const peaks = processes.map((process) => ({ ...process, peak: 0 }));
      while (!loaded) {
        for (const process of peaks) process.peak = Math.max(process.peak, await residentMiB(process.pid));
        await Promise.race([delay(SAMPLE_MS), loading]);
      }
      const [orders, payments] = await loading;
      const [nearest] = peaks.toSorted((a, b) => b.peak / b.limit - a.peak / a.limit);
      if (!nearest) throw new Error('There is no process to measure.');
      const parts = Object.fromEntries(peaks.map(({ name, peak }) => [`${name}_mib`, peak]));
      const rates = { orders_per_second: orders.perSecond, sagas_per_second: payments.perSecond };
      return { ours: nearest.peak, limit: nearest.limit, parts: { ...parts, ...rates } };
    };
  },
};
