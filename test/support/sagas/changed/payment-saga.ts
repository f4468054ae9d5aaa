import type { Activities } from '../../../../activities';
import type { PaymentSagaInput, PaymentSagaResult, SagaOptions } from '../../../../src/temporal-contract';
import { paymentSteps } from '../../../../workflows/payment-saga';
import { runSaga } from '../../../../workflows/saga/run-saga';

/** The payment saga as somebody changed it who forgot those that run: it credits before it closes. */
export async function paymentSaga(input: PaymentSagaInput, options: SagaOptions): Promise<PaymentSagaResult> {
  const receipt = { capture_ref: '', balance_tx_id: '' };
  const [close, credit, ...others] = paymentSteps(input, receipt);
  const steps = [credit, close, ...others].filter((step) => step !== undefined);
  await runSaga<Activities>({ subject: input, steps, options });
  return receipt;
}
