import { setTimeout as delay } from 'node:timers/promises';
import { eventRegistry } from '../../src/application';
import { residentMiB } from '../memory/resident';
import type { Measurement } from '../measurement';
import { startProcess } from '../stack/start-process';
import { fillEvents, fillOutbox } from './fill-outbox';
import { connectRawKafka } from './raw-kafka';
import { connectClient } from '../stack/connect-client';

const BACKLOG = 1_000_000;
/** Relayed before the clock starts. */
const WARM_UP = 20_000;
const POLL_MS = 100;
const DEADLINE_MS = 600_000;

/**
 * Rows per second of the last tenth of a long backlog, through the real worker process. The limit is the
 * first tenth: a relay whose claim grows with the backlog, or with what was deleted, is slower in one of them.
 */
export const relayBacklog: Measurement = {
  name: 'relay_backlog',
  unit: 'rows/s',
  better: 'higher',
  goal: 0.9,
  async prepare(stack) {
    const { config, teardown } = stack;
    const client = await connectClient(stack);
    await fillEvents(client, BACKLOG + WARM_UP);
    const kafka = connectRawKafka(config.kafka);
    const stored = await kafka.countStored(eventRegistry.topics);
    teardown.add(() => stored.close());

    return async function round() {
      await fillOutbox(client, BACKLOG + WARM_UP);
      const before = await stored.count();
      const ready = async (): Promise<boolean> => (await stored.count()) >= before + WARM_UP;
      const worker = await startProcess(stack, { program: 'src/worker.js', ready });
      const from = await stored.count();
      const end = before + WARM_UP + BACKLOG;
      const tenth = (end - from) / 10;
      const times: number[] = [performance.now()];
      let peakMiB = 0;
      for (let count = from; count < end; await delay(POLL_MS)) {
        count = await stored.count();
        peakMiB = Math.max(peakMiB, await residentMiB(worker.pid));
        while (times.length <= 10 && count >= from + tenth * times.length) times.push(performance.now());
        if (performance.now() - (times[0] ?? 0) > DEADLINE_MS) throw new Error(`Only ${count - from} rows were sent.`);
      }
      await worker.stop();
      const bytes = await client.query<{ size: string }>(`SELECT pg_total_relation_size('outbox')::text AS size`);
      const rate = (tenthNumber: number): number =>
        tenth / (((times[tenthNumber] ?? NaN) - (times[tenthNumber - 1] ?? NaN)) / 1000);
      const parts = {
        rows_per_second: (end - from) / (((times[10] ?? NaN) - (times[0] ?? NaN)) / 1000),
        worker_peak_mib: peakMiB,
        outbox_mib_after: Number(bytes.rows[0]?.size) / 1_048_576,
      };
      return { ours: rate(10), limit: rate(1), parts };
    };
  },
};
