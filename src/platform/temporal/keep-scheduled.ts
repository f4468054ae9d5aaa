import { ScheduleAlreadyRunning, type ScheduleOptions } from '@temporalio/client';
import { taskQueues } from '../../temporal-contract';
import type { Logger } from '../logger';
import { wait } from '../timing';
import { reasonOf, type TemporalClient } from './temporal';

/** A workflow without input that starts at a regular interval. */
export interface Scheduled {
  /** The id of the Schedule and of its workflow. Renaming it leaves the old Schedule behind. */
  readonly id: string;
  readonly workflowType: string;
  /** The time between two starts, in ms. */
  readonly intervalMs: number;
  /** What the workflow does, for the Web UI. */
  readonly summary: string;
}

/** The options of {@link keepScheduled}. */
export interface KeepScheduledOptions {
  readonly temporal: TemporalClient;
  readonly scheduled: Scheduled;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

const LOOK_MS = 60_000;
const RETRY_MS = 5_000;
const DEADLINE_MS = 2_000;

/**
 * Keeps a Schedule in place until the signal aborts. Creates it or, once, gives it this worker's interval, and creates
 * it again after a deletion. A paused Schedule stays paused. Safe in all workers at once, and while Temporal is away.
 */
export async function keepScheduled(options: KeepScheduledOptions): Promise<void> {
  const { scheduled, logger, signal } = options;
  const { id, intervalMs } = scheduled;
  let settled = false;
  while (!signal.aborted) {
    try {
      const outcome = await ensureScheduled(options, settled);
      if (outcome !== 'there') logger.info({ schedule: id, interval_ms: intervalMs }, `schedule.${outcome}`);
      settled = true;
      await wait(LOOK_MS, signal);
    } catch (error) {
      logger.debug({ schedule: id, reason: reasonOf(error) }, 'schedule.waits');
      await wait(RETRY_MS, signal);
    }
  }
}

/**
 * Creates a Schedule, or updates the interval of an existing one.
 *
 * @param settled leaves an existing Schedule as it is; defaults to false
 */
export async function ensureScheduled(
  { temporal, scheduled }: Pick<KeepScheduledOptions, 'temporal' | 'scheduled'>,
  settled = false,
): Promise<'created' | 'updated' | 'there'> {
  const { schedule } = temporal.client;
  const wanted = optionsOf(scheduled);
  try {
    await temporal.within(DEADLINE_MS, () => schedule.create(wanted));
    return 'created';
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    if (settled) return 'there';
    let isSame = false;
    await temporal.within(DEADLINE_MS, () =>
      schedule.getHandle(scheduled.id).update(({ state, spec }) => {
        isSame = spec.intervals?.[0]?.every === scheduled.intervalMs;
        return { ...wanted, state };
      }),
    );
    return isSame ? 'there' : 'updated';
  }
}

const optionsOf = ({ id, workflowType, intervalMs, summary }: Scheduled) =>
  ({
    scheduleId: id,
    spec: { intervals: [{ every: intervalMs }] },
    // One run at a time is enough. The next run makes up for a start that an outage of Temporal prevented.
    policies: { overlap: 'SKIP', catchupWindow: '1 minute' },
    action: {
      type: 'startWorkflow',
      workflowType,
      workflowId: id,
      taskQueue: taskQueues.sagas,
      args: [],
      staticSummary: summary,
      workflowExecutionTimeout: '6 hours',
    },
  }) satisfies ScheduleOptions;
