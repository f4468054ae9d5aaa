import { type WorkflowExecutionDescription, WorkflowNotFoundError } from '@temporalio/client';
import type { SagaRecords, SagaStatus, SagaStepStatus } from '../../contract';
import type { Logger } from '../../platform/telemetry/logger';
import { reasonOf, type TemporalClient } from '../../platform/temporal/temporal';
import { startFailure } from '../start/start-failure';
import type { Progress, ProgressUnknown } from './saga-view';

/** Where sagas that run stand. Never throws: a saga without a workflow is missing. */
export interface SagaProgress {
  /** Asks the server, and the workflow, which costs its worker a task. */
  of(sagaId: string): Promise<Progress | ProgressUnknown | undefined>;
  /** Asks the server alone, for all in the time of one: it knows the attempts that are going on. By saga. */
  ofAll(sagaIds: readonly string[]): Promise<ReadonlyMap<string, Progress | ProgressUnknown>>;
}

/** For processes that show no saga. */
export const noProgress: SagaProgress = { of: async () => undefined, ofAll: async () => new Map() };

export interface SagaProgressOptions {
  readonly temporal: TemporalClient;
  readonly logger: Logger;
  /** What Temporal has not told by then is left out; half a second unless told. */
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

  return {
    of(sagaId) {
      const handle = handleOf(sagaId);
      return temporal
        .within(deadlineMs, async () => {
          const asking = handle.query<SagaStatus>('status').catch(unknown(sagaId));
          const attempts = attemptsOf(await handle.describe());
          const status = await asking;
          return status && 'steps' in status ? withAttempts(status, attempts) : { steps: attempts };
        })
        .catch(unknown(sagaId));
    },

    async ofAll(sagaIds) {
      const told = await temporal.within(deadlineMs, () =>
        Promise.all(
          sagaIds.map((sagaId) =>
            handleOf(sagaId)
              .describe()
              .then((description) => ({ steps: attemptsOf(description) }))
              .catch(unknown(sagaId)),
          ),
        ),
      );
      return new Map(told.flatMap((progress, index) => (progress ? [[sagaIds[index] ?? '', progress] as const] : [])));
    },
  };
}

const recording: ReadonlySet<unknown> = new Set<keyof SagaRecords>(['recordSagaOutcome', 'recordStepDecision']);

/** A step's activity has the step's name as its id, its compensation `compensate/` before it. */
function attemptsOf({ raw }: WorkflowExecutionDescription): SagaStepStatus[] {
  const acts = raw.pendingActivities?.filter(({ activityType }) => !recording.has(activityType?.name)) ?? [];
  return acts.map(({ activityId, attempt, lastFailure }) => {
    const [name = '', act] = activityId?.split('/').reverse() ?? [];
    return {
      name,
      state: act === 'compensate' ? 'undoing' : 'running',
      attempts: attempt ?? 1,
      error: lastFailure?.message ?? null,
    };
  });
}

/** The attempts at work are none that the workflow was told of. */
function withAttempts(status: SagaStatus, atWork: readonly SagaStepStatus[]): SagaStatus {
  const steps = status.steps.map((step): SagaStepStatus => {
    const act = atWork.find(({ name }) => name === step.name);
    return act ? { ...step, attempts: step.attempts + act.attempts, error: act.error ?? step.error } : step;
  });
  return { ...status, steps };
}
