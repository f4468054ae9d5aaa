import { relayWorkflowId, type RelayInput, taskQueues } from '../../contract';
import type { Logger } from '../../platform/telemetry/logger';
import { reasonOf, type TemporalClient } from '../../platform/temporal/temporal';
import { wait } from '../../platform/wait';
import { SHARDS } from '../shard';

/** What the start of the relays needs. */
export interface KeepRelaysRunningOptions {
  readonly temporal: TemporalClient;
  readonly shardsPerRelay: number;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** Returns the number of shard groups. */
export const relayGroups = (shardsPerRelay: number): number => SHARDS / shardsPerRelay;

const INTERVAL_MS = 5_000;
const DEADLINE_MS = 2_000;

/**
 * Starts the relay workflow of each group that has none running, every 5 s until the signal aborts. A start of a
 * running workflow changes nothing, so all workers may call this. A group that Temporal refuses does not delay the
 * others.
 */
export async function keepRelaysRunning(options: KeepRelaysRunningOptions): Promise<void> {
  const { shardsPerRelay, logger, signal } = options;
  const groups = Array.from({ length: relayGroups(shardsPerRelay) }, (_, group) => group);
  let reported: string | undefined;
  while (!signal.aborted) {
    const starts = await Promise.allSettled(groups.map((group) => startRelay(options, group)));
    const failed = groups.filter((group) => starts[group]?.status === 'rejected');
    const [failure] = starts.flatMap((start) => (start.status === 'rejected' ? [reasonOf(start.reason)] : []));
    if (failed.join() !== reported) {
      if (failure !== undefined) logger.warn({ reason: failure, relay_groups: failed }, 'relay.start_failed');
      else if (reported !== undefined) logger.info('temporal.reconnected');
    }
    reported = failure === undefined ? undefined : failed.join();
    await wait(INTERVAL_MS, signal);
  }
}

async function startRelay({ temporal, shardsPerRelay }: KeepRelaysRunningOptions, group: number): Promise<void> {
  const workflowId = relayWorkflowId(group);
  const input: RelayInput = { group };
  await temporal.within(DEADLINE_MS, () =>
    temporal.client.workflow.start('outboxRelay', {
      workflowId,
      taskQueue: taskQueues.sagas,
      args: [input],
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      workflowIdConflictPolicy: 'USE_EXISTING',
      staticSummary: `relays the outbox, shards ${group * shardsPerRelay} to ${(group + 1) * shardsPerRelay - 1}`,
    }),
  );
}
