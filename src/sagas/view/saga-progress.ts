import { type WorkflowExecutionDescription, WorkflowNotFoundError } from '@temporalio/client';
import { optionalTsToDate } from '@temporalio/common/lib/time';
import { type SagaRecords, type SagaStatus, searchAttributes } from '../../contract';
import type { Logger } from '../../platform/telemetry/logger';
import { reasonOf, type TemporalClient } from '../../platform/temporal/temporal';
import { startFailure } from '../start/start-failure';
import type { PendingPhase, Progress, ProgressUnknown } from './saga-view';

/**
 * Where sagas that run stand. It asks the server, for all in the time of one, and the workflows of those that are in
 * trouble, which costs their workers a task each. Never throws: a saga without a workflow is missing.
 */
export interface SagaProgress {
  of(sagaId: string): Promise<Progress | ProgressUnknown | undefined>;
  /** By saga. */
  ofAll(sagaIds: readonly string[]): Promise<ReadonlyMap<string, Progress | ProgressUnknown>>;
}

/** For processes that show no saga. */
export const noProgress: SagaProgress = { of: async () => undefined, ofAll: async () => new Map() };

export interface SagaProgressOptions {
  readonly temporal: TemporalClient;
  readonly logger: Logger;
  /** What Temporal has not answered by then is left out. Defaults to half a second. */
  readonly deadlineMs?: number;
}

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
/** `PendingActivityState` of Temporal's protocol: no worker has the attempt. */
const SCHEDULED = 1;

/** A step's activity has the step's name as its id, its compensation `compensate/` before it. */
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
