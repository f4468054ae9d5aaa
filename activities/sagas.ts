import { Context } from '@temporalio/activity';
import type { SagaOutcomeReport, StepDecisionReport } from '../src/contract';
import type { IdempotencyKeys } from '../src/inbox/idempotency-keys';
import { stepOnce } from '../src/inbox/once';
import type { Mediator } from '../src/mediator/mediator';
import { recordSagaOutcome } from '../src/sagas/record-saga-outcome';
import { recordStepDecision } from '../src/sagas/record-step-decision';

export interface RecordedSaga {
  readonly saga_id: string;
  readonly correlation_id: string;
}

/** Each run of a workflow counts its reports from 1, also one that was reset or begun again. */
const reportKey = (kind: string, sequence: number): string =>
  `${kind}/${sequence}/${Context.current().info.workflowExecution?.runId}`;

export interface SagaRecordsOptions {
  readonly mediator: Pick<Mediator, 'send'>;
  readonly idempotency: Pick<IdempotencyKeys, 'bar'>;
}

/** What every saga tells and asks, whatever its steps are. */
export function createSagaRecords({ mediator, idempotency }: SagaRecordsOptions) {
  return {
    /** Whether the step happened; if not, it is barred, and never will. */
    confirmSettlement: ({ saga_id }: RecordedSaga): Promise<boolean> => idempotency.bar(saga_id, 'settle'),
    confirmDispatch: ({ saga_id }: RecordedSaga): Promise<boolean> => idempotency.bar(saga_id, 'dispatch'),

    /** A report, not a decision: whatever fails here is retried. */
    async recordSagaOutcome({ sequence, correlation_id, ...outcome }: SagaOutcomeReport): Promise<void> {
      const { saga_id } = outcome;
      await mediator.send(recordSagaOutcome(outcome), {
        once: stepOnce(saga_id, reportKey('outcome', sequence)),
        correlationId: correlation_id,
      });
    },

    /** What an operator decided about a stuck step, with the operator as its sender. */
    async recordStepDecision({ saga_id, step, verdict, reason, ...report }: StepDecisionReport): Promise<void> {
      const { actor, sequence, correlation_id } = report;
      await mediator.send(recordStepDecision({ saga_id, step, verdict, reason }), {
        principal: { role: 'operator', keyId: actor },
        once: stepOnce(saga_id, reportKey('decision', sequence)),
        correlationId: correlation_id,
      });
    },
  };
}
