import { NativeConnection, Worker } from '@temporalio/worker';
import { createOutboxActivities, type OutboxActivitiesOptions } from '../../activities/outbox';
import { fromRoot } from '../../dev/root';
import { taskQueues } from '../../src/contract';
import { keepRelaysRunning } from '../../src/outbox/relay/keep-relays-running';
import { connectTemporalClient } from '../../src/platform/temporal/temporal';
import { installTemporalRuntime } from '../../src/platform/temporal/temporal-worker';
import type { Measurement } from '../measurement';
import type { BenchStack } from '../stack/bench-stack';
import { drainRate } from './drain';
import { fillEvents } from './fill-outbox';
import { startPlainRelay } from './plain-relay';
import { relayOptions } from './relay-options';
import { connectClient } from '../stack/connect-client';

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
