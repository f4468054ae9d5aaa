import { type WorkflowExecutionDescription, WorkflowNotFoundError } from '@temporalio/client';
import { optionalTsToDate } from '@temporalio/common/lib/time';
import { type SagaRecords, type SagaStatus, searchAttributes } from '../../contract';
import type { Logger } from '../../platform/telemetry/logger';
import { reasonOf, type TemporalClient } from '../../platform/temporal/temporal';
import { startFailure } from '../start/start-failure';
import type { PendingPhase, Progress, ProgressUnknown, WorkflowUrl } from './saga-view';

/**
 * Reads the progress of running sagas from Temporal. A troubled saga's workflow is queried, which costs its worker a task.
 * Never throws. A saga without a workflow is missing from the result.
 */
export interface SagaProgress {
  /** Reads one saga. */
  of(sagaId: string): Promise<Progress | ProgressUnknown | undefined>;
  /** Reads several sagas concurrently. @returns the progress by saga id */
  ofAll(sagaIds: readonly string[]): Promise<ReadonlyMap<string, Progress | ProgressUnknown>>;
}

/** Where a saga's view comes from besides its rows. */
export interface SagaViewSources {
  readonly workflowUrl: WorkflowUrl;
  readonly sagaProgress: SagaProgress;
}

/** For processes that show no saga. */
export const noProgress: SagaProgress = { of: async () => undefined, ofAll: async () => new Map() };

/** What the progress is read with. */
export interface SagaProgressOptions {
  readonly temporal: TemporalClient;
  readonly logger: Logger;
  /** Sagas without an answer after this time are left out. Defaults to 500 ms. */
  readonly deadlineMs?: number;
}

/** Creates a {@link SagaProgress}. */
export function createSagaProgress({ temporal, logger, deadlineMs = 500 }: SagaProgressOptions): SagaProgress {
  const { namespace } = temporal.client.options;
  const handleOf = (sagaId: string) => temporal.client.workflow.getHandle(sagaId);
  const unknown = (sagaId: string) => (error: unknown) => {
    logger.debug({ saga_id: sagaId, reason: reasonOf(error) }, 'saga.progress_unknown');
    if (error instanceof WorkflowNotFoundError) return undefined;
    const { kind, reason } = startFailure(error, namespace);
    return { unknown: kind === 'passing' ? 'Temporal does not answer' : reason };
  };

  async function progressOf(sagaId: string): Promise<Progress> {
    const handle = handleOf(sagaId);
    const description = await handle.describe();
    const pending = pendingPhases(description);
    const state = description.typedSearchAttributes.get(searchAttributes.sagaState);
    if (pending.length === 0 && state === 'running') return { pending };
    const status = await handle.query<SagaStatus>('status').catch(unknown(sagaId));
    return status && 'steps' in status ? { status, pending } : { pending };
  }

  async function ofAll(sagaIds: readonly string[]): Promise<ReadonlyMap<string, Progress | ProgressUnknown>> {
    const answers = await temporal.within(deadlineMs, () =>
      Promise.all(sagaIds.map((sagaId) => progressOf(sagaId).catch(unknown(sagaId)))),
    );
    return new Map(answers.flatMap((progress, index) => (progress ? [[sagaIds[index] ?? '', progress] as const] : [])));
  }

  return { ofAll, of: async (sagaId) => (await ofAll([sagaId])).get(sagaId) };
}

const recording: ReadonlySet<unknown> = new Set<keyof SagaRecords>(['recordSagaOutcome', 'recordStepDecision']);
/** The `PendingActivityState` of an attempt that no worker has. */
const SCHEDULED = 1;

/** Parses the activity ids: `<step>`, or `<phase>/<step>`. */
function pendingPhases({ raw }: WorkflowExecutionDescription): PendingPhase[] {
  const activities = raw.pendingActivities?.filter(({ activityType }) => !recording.has(activityType?.name)) ?? [];
  return activities.map(({ activityId, state, attempt, lastFailure, scheduledTime }) => {
    const [name = '', phase] = activityId?.split('/').reverse() ?? [];
    const waits = state === SCHEDULED;
    return {
      name,
      state: phase === 'compensate' ? 'undoing' : 'running',
      attempts: (attempt ?? 1) - (waits ? 1 : 0),
      error: lastFailure?.message ?? null,
      retryAt: waits ? (optionalTsToDate(scheduledTime) ?? null) : null,
    };
  });
}
