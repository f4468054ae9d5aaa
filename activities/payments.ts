import type { PaymentSagaInput, PaymentSagaResult, SagaOutcomeReport, StepDecisionReport } from '../src/contract';
import { stepOnce, undoOnce } from '../src/inbox/once';
import type { Mediator } from '../src/mediator/mediator';
import { confirmSettlement } from '../src/payments/confirm-settlement';
import { recordSagaOutcome } from '../src/payments/record-saga-outcome';
import { recordStepDecision } from '../src/sagas/record-step-decision';
import { settlePayment } from '../src/payments/settle-payment';
import type { StepSender } from './send-step';

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
    const { saga_id, state } = report;
    const outcome = { saga_id, state, failure };
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
