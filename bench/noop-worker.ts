import { NativeConnection, Worker } from '@temporalio/worker';
import { loadConfig } from '../src/config';
import { createLogger } from '../src/platform/logger';
import { installTemporalRuntime } from '../src/platform/temporal/temporal-worker';

const activities = {
  async first(): Promise<void> {},
  async second(): Promise<void> {},
  async third(): Promise<void> {},
};
export type NoopActivities = typeof activities;

/**
 * The limit of a saga: a worker with the settings of ours, whose activities do nothing. Leaves out the
 * database, the journal, search attributes and summaries, the relay, the sweeper, and HTTP.
 */
async function run(): Promise<void> {
  const { TASK_QUEUE: taskQueue = 'noop' } = process.env;
  const config = loadConfig();
  installTemporalRuntime(createLogger({ name: 'noop', ...config.log }));
  const connection = await NativeConnection.connect(config.temporal.connection);
  const worker = await Worker.create({
    connection,
    namespace: config.temporal.namespace,
    taskQueue,
    workflowsPath: require.resolve('./noop-workflow'),
    activities,
    maxCachedWorkflows: 200,
    stickyQueueScheduleToStartTimeout: '1s',
  });
  process.once('SIGTERM', () => worker.shutdown());
  await worker.run();
  await connection.close();
  process.exit(0);
}

void run();
