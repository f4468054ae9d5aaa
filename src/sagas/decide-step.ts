import { WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { OperatorDecision, StepVerdict } from '../contract';
import { newId } from '../platform/ids';
import { Refusal } from '../platform/refusal';
import type { TemporalClient } from '../platform/temporal/temporal';

/**
 * Tells a saga's workflow what an operator decided. It keeps the decision in its history, and records it in the
 * database with what comes of it.
 *
 * @throws Refusal `step_not_stuck`, also for a saga that has ended; `unavailable` when Temporal or its workers
 *   do not answer: then the decision may have been accepted, and the saga tells
 */
export type DecideStep = (sagaId: string, verdict: StepVerdict, decision: OperatorDecision) => Promise<void>;

const DEADLINE_MS = 5_000;
const UPDATES = { retry: 'retryStep', skip: 'skipStep' } as const;

export function createDecideStep(temporal: TemporalClient): DecideStep {
  return async function decideStep(sagaId, verdict, decision) {
    const update = { updateId: newId('opa'), args: [decision] as [OperatorDecision] };
    try {
      await temporal.within(DEADLINE_MS, () =>
        temporal.client.workflow.getHandle(sagaId).executeUpdate<void, [OperatorDecision]>(UPDATES[verdict], update),
      );
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) throw notStuck(`Saga ${sagaId} does not run.`);
      const cause = error instanceof WorkflowUpdateFailedError ? error.cause : undefined;
      if (cause instanceof ApplicationFailure && cause.type === 'step_not_stuck') throw notStuck(cause.message);
      throw new Refusal('unavailable', `Saga ${sagaId} did not answer in time; look at it before you try again.`);
    }
  };
}

const notStuck = (detail: string): Refusal => new Refusal('step_not_stuck', detail);
