import type { PaymentSagaInput, PaymentSagaResult } from '../src/contract';
import { settlePayment } from '../src/payments/settle-payment';
import type { StepSender } from './send-step';

/** Creates the pivot of every saga that takes a payment. */
export const createPaymentActivities = (steps: StepSender) => ({
  async settlePayment(saga: PaymentSagaInput & PaymentSagaResult): Promise<void> {
    const { saga_id, payment_id, order_id, invoice_id, capture_ref, balance_tx_id } = saga;
    const message = settlePayment({ saga_id, payment_id, order_id, invoice_id, capture_ref, balance_tx_id });
    await steps.execute({ saga, step: 'settle', point: 'payments.settle', message });
  },
});
