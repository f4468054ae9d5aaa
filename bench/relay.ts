import { setTimeout as delay } from 'node:timers/promises';
import { NativeConnection, Worker } from '@temporalio/worker';
import { createOutboxActivities, type OutboxActivitiesOptions } from '../activities/outbox';
import { fromRoot } from '../dev/os/files';
import { eventRegistry } from '../src/application';
import { keepRelaysRunning, relayGroups } from '../src/outbox/ownership';
import { connectTemporalClient } from '../src/platform/temporal/temporal';
import { installTemporalRuntime } from '../src/platform/temporal/temporal-worker';
import { taskQueues } from '../src/temporal-contract';
import { drain, drainRate, fillEvents, fillOutbox, relayOptions, ROWS, startPlainRelay } from './drain-outbox';
import { type BenchStack, connectClient, inSequence, type Measurement, residentMiB, startProcess } from './measurement';
import { connectRawKafka, createRawSender, rawClaimRate, readMessages } from './raw-relay';

/**
 * Rows per second of the relay on a filled outbox, in plain Node. The limit does in sequence what cannot
 * be left out: claim and delete in one `pg` statement, then kafkajs alone. Above 1 by overlap.
 */
export const relay: Measurement = {
  name: 'relay',
  unit: 'rows/s',
  better: 'higher',
  goal: 0.9,
  async prepare(stack) {
    const { databaseUrl, config, teardown } = stack;
    const client = await connectClient(stack);
    await fillEvents(client);
    const options = relayOptions(stack);
    const { batchSize, shardsPerRelay } = config.outbox;
    const claiming = { databaseUrl, connections: relayGroups(shardsPerRelay), batchSize: batchSize * shardsPerRelay };
    const sender = await createRawSender(config.kafka, await readMessages(client), batchSize);
    teardown.add(() => sender.stop());

    return async function round() {
      const stop = startPlainRelay(options);
      const ours = await drainRate(client).finally(stop);
      const claim = await rawClaimRate(client, claiming);
      const send = await sender.rate();
      return { ours, limit: inSequence(claim, send), parts: { claim, send } };
    };
  },
};

/** Rows per second of the relay in its Temporal activity. The limit is the same loop in plain Node. */
export const relayActivity: Measurement = {
  name: 'relay_activity',
  unit: 'rows/s',
  better: 'higher',
  goal: 0.97,
  async prepare(stack) {
    const client = await connectClient(stack);
    await fillEvents(client);
    const options = relayOptions(stack);
    installTemporalRuntime(options.logger);

    return async function round() {
      const stopActivities = await startActivities(stack, options);
      const ours = await drainRate(client).finally(stopActivities);
      const stopPlain = startPlainRelay(options);
      const limit = await drainRate(client).finally(stopPlain);
      return { ours, limit };
    };
  },
};

/** The workers and workflows of the worker process, the sagas left out, in this process. */
async function startActivities({ config }: BenchStack, options: OutboxActivitiesOptions): Promise<() => Promise<void>> {
  const { namespace } = config.temporal;
  const connection = await NativeConnection.connect(config.temporal.connection);
  const temporal = connectTemporalClient({ config: config.temporal });
  const workflowBundle = { codePath: fromRoot('dist', 'workflow-bundle.js') };
  const workers = await Promise.all([
    Worker.create({ connection, namespace, taskQueue: taskQueues.sagas, workflowBundle }),
    Worker.create({
      connection,
      namespace,
      taskQueue: taskQueues.relay,
      activities: createOutboxActivities(options),
    }),
  ]);
  const running = workers.map((worker) => worker.run());
  const stopping = new AbortController();
  const { shardsPerRelay } = config.outbox;
  const kept = keepRelaysRunning({ temporal, shardsPerRelay, logger: options.logger, signal: stopping.signal });

  return async function stop() {
    stopping.abort();
    for (const worker of workers.toReversed()) worker.shutdown();
    await Promise.all([...running, kept]);
    await Promise.all([connection.close(), temporal.close()]);
  };
}

const HELD_MS = 60_000;

/**
 * Rows per second of the relay after another transaction was held open for a minute of load, so that Postgres
 * could take away none of the rows that were deleted meanwhile. The limit is the same relay before it.
 */
export const relayHeld: Measurement = {
  name: 'relay_held',
  unit: 'rows/s',
  better: 'higher',
  goal: 0.85,
  async prepare(stack) {
    const client = await connectClient(stack);
    const holder = await connectClient(stack);
    await fillEvents(client);
    const options = relayOptions(stack);

    return async function round() {
      await client.query('VACUUM outbox');
      const stop = startPlainRelay(options);
      try {
        const limit = await drainRate(client);
        // A snapshot, as a report or a backup has it, without a lock on our tables.
        await holder.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
        await holder.query('SELECT pg_current_xact_id()');
        const began = performance.now();
        let deleted = 0;
        for (; performance.now() - began < HELD_MS; deleted += ROWS) await drain(client, ROWS);
        const ours = await drainRate(client);
        return { ours, limit, parts: { dead_rows: deleted } };
      } finally {
        await holder.query('ROLLBACK');
        await stop();
      }
    };
  },
};

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
