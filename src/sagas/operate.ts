import { createHash } from 'node:crypto';
import { WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { IdempotencyKey } from '../cqrs/idempotency';
import type { Logger } from '../platform/logger';
import { Refusal } from '../platform/refusal';
import { reasonOf, type TemporalClient } from '../platform/temporal/temporal';
import { newId } from '../platform/values';
import type { OperatorDecision, SagaCancellation, StepResolution } from '../temporal-contract';

/**
 * Sends an operator's decision about a stuck step to the saga's workflow, which records it.
 *
 * @param requestKey a repeat with the same key has no further effect, even if the first response was not stored
 * @throws Refusal `step_not_stuck`, also for a saga that has ended
 * @throws Refusal `unavailable` if Temporal or its workers do not respond. The decision may have been accepted
 */
export type DecideStep = (
  sagaId: string,
  resolution: StepResolution,
  decision: OperatorDecision,
  requestKey?: IdempotencyKey,
) => Promise<void>;

const DEADLINE_MS = 5_000;
const UPDATES = { retry: 'retryStep', skip: 'skipStep' } as const;

/** Creates a {@link DecideStep} with a deadline of 5 seconds. */
export function createDecideStep(temporal: TemporalClient): DecideStep {
  return async function decideStep(sagaId, resolution, decision, requestKey) {
    const saga = temporal.client.workflow.getHandle(sagaId);
    const updateId = requestKey ? updateIdOf(requestKey, decision) : newId('opa');
    const update = { updateId, args: [decision] as [OperatorDecision] };
    try {
      await temporal.within(DEADLINE_MS, () =>
        saga.executeUpdate<void, [OperatorDecision]>(UPDATES[resolution], update),
      );
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) throw notStuck(`Saga ${sagaId} is not running.`);
      const cause = error instanceof WorkflowUpdateFailedError ? error.cause : undefined;
      if (cause instanceof ApplicationFailure && cause.type === 'step_not_stuck') throw notStuck(cause.message);
      throw new Refusal('unavailable', `Saga ${sagaId} did not respond in time. Read the saga before you try again.`);
    }
  };
}

/**
 * Makes the id of an update. Temporal runs an accepted update once per workflow and id, and returns its first result to
 * repeats, even after the workflow has ended. It does not compare arguments, so the id contains the step.
 */
const updateIdOf = ({ scope, key }: IdempotencyKey, { step }: OperatorDecision): string =>
  `opa_${createHash('sha256')
    .update(JSON.stringify([scope, key, step]))
    .digest('hex')}`;

const notStuck = (detail: string): Refusal => new Refusal('step_not_stuck', detail);

/**
 * Notifies a saga that its order was cancelled, so that it stops early. Every step checks the order's row anyway. Never
 * throws. No-op for a saga that has ended or does not exist.
 */
export type CancelSaga = (sagaId: string, cancellation: SagaCancellation) => Promise<void>;

const CANCEL_DEADLINE_MS = 500;

/** Creates a {@link CancelSaga} with a deadline of 500 ms. */
export function createCancelSaga({ temporal, logger }: { temporal: TemporalClient; logger: Logger }): CancelSaga {
  return async function cancelSaga(sagaId, cancellation) {
    try {
      await temporal.within(CANCEL_DEADLINE_MS, () =>
        temporal.client.workflow.getHandle(sagaId).executeUpdate<void, [SagaCancellation]>('cancel', {
          args: [cancellation],
        }),
      );
    } catch (error) {
      logger.debug({ saga_id: sagaId, reason: reasonOf(error) }, 'saga.cancellation_not_delivered');
    }
  };
}
