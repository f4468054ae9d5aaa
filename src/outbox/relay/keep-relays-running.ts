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
 */
export async function keepRelaysRunning(options: KeepRelaysRunningOptions): Promise<void> {
  const { lanesPerRelay, logger, signal } = options;
  let away = false;
  while (!signal.aborted) {
    try {
      for (let group = 0; group < relayGroups(lanesPerRelay); group += 1) await startRelay(options, group);
      if (away) logger.info('temporal.back');
      away = false;
    } catch (error) {
      if (!away) logger.warn({ reason: reasonOf(error) }, 'temporal.away');
      away = true;
    }
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
