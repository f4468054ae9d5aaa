import { Context } from '@temporalio/activity';
import type { SagaOutcomeReport, StepDecisionReport } from '../src/contract';
import { stepOnce, undoOnce } from '../src/inbox/once';
import type { Mediator } from '../src/mediator/mediator';
import { confirmStep } from '../src/sagas/confirm-step';
import { recordSagaOutcome } from '../src/sagas/record-saga-outcome';
import { recordStepDecision } from '../src/sagas/record-step-decision';

export interface RecordedSaga {
  readonly saga_id: string;
  readonly correlation_id: string;
}

/** Each run of a workflow counts its reports from 1, also one that was reset or begun again. */
const reportKey = (kind: string, sequence: number): string =>
  `${kind}/${sequence}/${Context.current().info.workflowExecution?.runId}`;

/** What every saga tells and asks, whatever its steps are. */
export function createSagaRecords({ mediator }: { readonly mediator: Pick<Mediator, 'send'> }) {
  /** Whether the step happened; if not, it never will: its once-key is taken as undone. */
  async function confirm({ saga_id, correlation_id }: RecordedSaga, step: string): Promise<boolean> {
    const options = { once: undoOnce(saga_id, step), correlationId: correlation_id };
    return (await mediator.send(confirmStep({ saga_id, step }), options)) !== null;
  }

  return {
    confirmSettlement: (saga: RecordedSaga): Promise<boolean> => confirm(saga, 'settle'),
    confirmDispatch: (saga: RecordedSaga): Promise<boolean> => confirm(saga, 'dispatch'),

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
