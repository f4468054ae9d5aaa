import { ScheduleAlreadyRunning, type ScheduleOptions } from '@temporalio/client';
import { HOUSEKEEPING, taskQueues } from '../contract';
import type { Logger } from '../platform/logger';
import { reasonOf, type TemporalClient } from '../platform/temporal';
import { wait } from '../platform/wait';

export interface KeepScheduledOptions {
  readonly temporal: TemporalClient;
  /** From one housekeeping to the next. */
  readonly intervalMs: number;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

const LOOK_MS = 60_000;
const RETRY_MS = 5_000;
const DEADLINE_MS = 2_000;

/**
 * Keeps the Schedule of the housekeeping there until the signal aborts: makes it or, once, gives it this
 * worker's interval, and makes it anew when somebody deleted it. One that was paused stays so. All workers may
 * do it, and Temporal may be away.
 */
export async function keepHousekeepingScheduled(options: KeepScheduledOptions): Promise<void> {
  const { logger, signal } = options;
  let settled = false;
  while (!signal.aborted) {
    try {
      const outcome = await scheduleHousekeeping(options, settled);
      if (outcome !== 'there') logger.info({ interval_ms: options.intervalMs }, `housekeeping.schedule_${outcome}`);
      settled = true;
      await wait(LOOK_MS, signal);
    } catch (error) {
      logger.debug({ reason: reasonOf(error) }, 'housekeeping.schedule_waits');
      await wait(RETRY_MS, signal);
    }
  }
}

async function scheduleHousekeeping(
  { temporal, intervalMs }: KeepScheduledOptions,
  settled: boolean,
): Promise<'created' | 'updated' | 'there'> {
  const { schedule } = temporal.client;
  const wanted = scheduleOf(intervalMs);
  try {
    await temporal.within(DEADLINE_MS, () => schedule.create(wanted));
    return 'created';
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    if (settled) return 'there';
    await temporal.within(DEADLINE_MS, () =>
      schedule.getHandle(HOUSEKEEPING).update(({ state }) => ({ ...wanted, state })),
    );
    return 'updated';
  }
}

const scheduleOf = (intervalMs: number) =>
  ({
    scheduleId: HOUSEKEEPING,
    spec: { intervals: [{ every: intervalMs }] },
    // One that still runs is enough; what was missed while Temporal was away, the next one does.
    policies: { overlap: 'SKIP', catchupWindow: '1 minute' },
    action: {
      type: 'startWorkflow',
      workflowType: HOUSEKEEPING,
      workflowId: HOUSEKEEPING,
      taskQueue: taskQueues.sagas,
      args: [],
      staticSummary: 'deletes what has expired',
      workflowExecutionTimeout: '6 hours',
    },
  }) satisfies ScheduleOptions;
