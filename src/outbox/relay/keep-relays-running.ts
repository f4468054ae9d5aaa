import { relayWorkflowId, type RelayInput, taskQueues } from '../../contract';
import type { Logger } from '../../platform/telemetry/logger';
import { reasonOf, type TemporalClient } from '../../platform/temporal/temporal';
import { wait } from '../../platform/wait';
import { LANES } from '../lane';

export interface KeepRelaysRunningOptions {
  readonly temporal: TemporalClient;
  readonly lanesPerRelay: number;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

export const relayGroups = (lanesPerRelay: number): number => LANES / lanesPerRelay;

const INTERVAL_MS = 5_000;
const DEADLINE_MS = 2_000;

/**
 * Starts each group's relay workflow where it does not run, until the signal aborts: at first, and
 * again when somebody terminated it. Starting one that runs changes nothing, so all workers may do it.
 * A group whose workflow Temporal refuses holds no other.
 */
export async function keepRelaysRunning(options: KeepRelaysRunningOptions): Promise<void> {
  const { lanesPerRelay, logger, signal } = options;
  const groups = Array.from({ length: relayGroups(lanesPerRelay) }, (_, group) => group);
  let reported: string | undefined;
  while (!signal.aborted) {
    const starts = await Promise.allSettled(groups.map((group) => startRelay(options, group)));
    const failed = groups.filter((group) => starts[group]?.status === 'rejected');
    const [failure] = starts.flatMap((start) => (start.status === 'rejected' ? [reasonOf(start.reason)] : []));
    if (failed.join() !== reported) {
      if (failure !== undefined) logger.warn({ reason: failure, relay_groups: failed }, 'relay.not_started');
      else if (reported !== undefined) logger.info('temporal.back');
    }
    reported = failure === undefined ? undefined : failed.join();
    await wait(INTERVAL_MS, signal);
  }
}

async function startRelay({ temporal, lanesPerRelay }: KeepRelaysRunningOptions, group: number): Promise<void> {
  const workflowId = relayWorkflowId(group);
  const input: RelayInput = { group };
  await temporal.within(DEADLINE_MS, () =>
    temporal.client.workflow.start('outboxRelay', {
      workflowId,
      taskQueue: taskQueues.sagas,
      args: [input],
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      workflowIdConflictPolicy: 'USE_EXISTING',
      staticSummary: `relays the outbox, lanes ${group * lanesPerRelay} to ${(group + 1) * lanesPerRelay - 1}`,
    }),
  );
}
