import type { SagaStatus, SagaStepStatus } from '../../contract';
import type { Logger } from '../../platform/telemetry/logger';
import { reasonOf, type TemporalClient } from '../../platform/temporal/temporal';

/** Where a saga that runs stands; `undefined` when Temporal does not say so in time. Never throws. */
export type SagaProgress = (sagaId: string) => Promise<SagaStatus | undefined>;

/** For processes that show no saga. */
export const noProgress: SagaProgress = async () => undefined;

const DEADLINE_MS = 500;

/**
 * Asks the workflow for its steps, and the server for the attempts that are going on: a step's activity has the
 * step's name as its id, its compensation `compensate/` before it.
 */
export function createSagaProgress({ temporal, logger }: { temporal: TemporalClient; logger: Logger }): SagaProgress {
  return async function sagaProgress(sagaId) {
    const handle = temporal.client.workflow.getHandle(sagaId);
    try {
      const [status, { raw }] = await temporal.within(DEADLINE_MS, () =>
        Promise.all([handle.query<SagaStatus>('status'), handle.describe()]),
      );
      const steps = status.steps.map((step): SagaStepStatus => {
        const pending = raw.pendingActivities?.find(({ activityId }) => activityId?.split('/').at(-1) === step.name);
        if (!pending) return step;
        // The attempt at work is not one that has ended.
        const attempts = step.attempts + (pending.attempt ?? 1);
        return { ...step, attempts, error: pending.lastFailure?.message ?? step.error };
      });
      return { ...status, steps };
    } catch (error) {
      logger.debug({ saga_id: sagaId, reason: reasonOf(error) }, 'saga.progress_unknown');
      return undefined;
    }
  };
}
