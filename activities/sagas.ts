import { Context } from '@temporalio/activity';
import type { SagaOutcomeReport, StepDecisionReport } from '../src/contract';
import type { IdempotencyKeys } from '../src/inbox/idempotency-keys';
import { stepOnce } from '../src/inbox/once';
import type { Mediator } from '../src/mediator/mediator';
import { recordSagaOutcome } from '../src/sagas/record-saga-outcome';
import { recordStepDecision } from '../src/sagas/record-step-decision';

/** The ids of a saga that its records need. */
export interface RecordedSaga {
  readonly saga_id: string;
  readonly correlation_id: string;
}

/** Includes the run, because every run of a workflow counts its reports from 1. */
const reportKey = (kind: string, sequence: number): string =>
  `${kind}/${sequence}/${Context.current().info.workflowExecution?.runId}`;

/** What the records need. */
export interface SagaRecordsOptions {
  readonly mediator: Pick<Mediator, 'send'>;
  readonly idempotency: Pick<IdempotencyKeys, 'bar'>;
}

/** Creates the activities that every saga has, whatever its steps are. */
export function createSagaRecords({ mediator, idempotency }: SagaRecordsOptions) {
  return {
    /** Returns whether `settle` happened. If it did not, it never will: its idempotency key is marked as undone. */
    confirmSettlement: ({ saga_id }: RecordedSaga): Promise<boolean> => idempotency.bar(saga_id, 'settle'),
    /** Returns whether `dispatch` happened, as `confirmSettlement` does. */
    confirmDispatch: ({ saga_id }: RecordedSaga): Promise<boolean> => idempotency.bar(saga_id, 'dispatch'),

    /** Records the saga's state and its troubled steps. Every error is retried. */
    async recordSagaOutcome({ sequence, correlation_id, ...outcome }: SagaOutcomeReport): Promise<void> {
      const { saga_id } = outcome;
      await mediator.send(recordSagaOutcome(outcome), {
        once: stepOnce(saga_id, reportKey('outcome', sequence)),
        correlationId: correlation_id,
      });
    },

    /** Records an operator's decision about a stuck step, with the operator as the sender. */
    async recordStepDecision({ saga_id, step, verdict, reason, ...report }: StepDecisionReport): Promise<void> {
      const { actor, sequence, correlation_id } = report;
      await mediator.send(recordStepDecision({ saga_id, step, resolution: verdict, reason }), {
        principal: { role: 'operator', keyId: actor },
        once: stepOnce(saga_id, reportKey('decision', sequence)),
        correlationId: correlation_id,
      });
    },
  };
}
