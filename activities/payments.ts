import type {
  OperatorDecision,
  PaymentSagaInput,
  PaymentSagaResult,
  SagaFailure,
  SagaState,
  StepVerdict,
} from '../src/contract';
import { stepOnce, undoOnce } from '../src/inbox/once';
import type { Mediator } from '../src/mediator/mediator';
import { confirmSettlement } from '../src/payments/confirm-settlement';
import { recordSagaOutcome } from '../src/payments/record-saga-outcome';
import { recordStepDecision } from '../src/sagas/record-step-decision';
import { settlePayment } from '../src/payments/settle-payment';
import type { StepSender } from './send-step';

export interface SagaOutcomeReport {
  readonly saga_id: string;
  readonly payment_id: string;
  readonly correlation_id: string;
  readonly state: Exclude<SagaState, 'completed'>;
  /** Absent while nothing is compensated: a step that must happen is stuck, or goes on. */
  readonly failure: SagaFailure | null;
  /** 1, 2, 3… per saga, so that a late attempt does not undo what a later report said. */
  readonly sequence: number;
}

export interface StepDecisionReport extends OperatorDecision {
  readonly saga_id: string;
  readonly correlation_id: string;
  readonly verdict: StepVerdict;
  /** Counted together with the outcomes. */
  readonly sequence: number;
}

export interface PaymentActivitiesOptions {
  readonly steps: StepSender;
  readonly mediator: Mediator;
}

/** The pivot, and what becomes of a saga that does not get there. */
export const createPaymentActivities = ({ steps, mediator }: PaymentActivitiesOptions) => ({
  async settlePayment(saga: PaymentSagaInput & PaymentSagaResult): Promise<void> {
    const { saga_id, payment_id, order_id, invoice_id, capture_ref, balance_tx_id } = saga;
    const message = settlePayment({ saga_id, payment_id, order_id, invoice_id, capture_ref, balance_tx_id });
    await steps.run({ saga, step: 'settle', point: 'payments.settle', message });
  },

  /** Whether `settle` happened; if not, it never will: its once-key is taken as undone. */
  async confirmSettlement({ saga_id, correlation_id }: PaymentSagaInput): Promise<boolean> {
    const confirmed = await mediator.send(confirmSettlement({ saga_id }), {
      once: undoOnce(saga_id, 'settle'),
      correlationId: correlation_id,
    });
    return confirmed !== null;
  },

  /** A report, not a decision: whatever fails here is retried. */
  async recordSagaOutcome({ sequence, correlation_id, failure, ...report }: SagaOutcomeReport): Promise<void> {
    const { saga_id, payment_id, state } = report;
    const outcome = { saga_id, payment_id, state, failure };
    await mediator.send(recordSagaOutcome(outcome), {
      once: stepOnce(saga_id, `outcome/${sequence}`),
      correlationId: correlation_id,
    });
  },

  /** What an operator decided about a stuck step, with the operator as its sender. */
  async recordStepDecision({ saga_id, step, verdict, reason, ...report }: StepDecisionReport): Promise<void> {
    const { actor, sequence, correlation_id } = report;
    await mediator.send(recordStepDecision({ saga_id, step, verdict, reason }), {
      principal: { role: 'operator', keyId: actor },
      once: stepOnce(saga_id, `decision/${sequence}`),
      correlationId: correlation_id,
    });
  },
});
