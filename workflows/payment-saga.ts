import type { Activities } from '../activities';
import type { PaymentSagaInput, PaymentSagaResult, SagaOptions } from '../src/temporal-contract';
import { runSaga, type SagaStep } from './saga/run-saga';

/** The saga's result, which its steps fill in. */
export type Receipt = { -readonly [Field in keyof PaymentSagaResult]: PaymentSagaResult[Field] };

/**
 * Processes a payment: closes the invoice, credits the customer's balance, and marks order, invoice and payment as paid
 * with `settle`, the pivot. See {@link runSaga} for failures.
 *
 * @throws ApplicationFailure `saga_compensated`
 */
export async function paymentSaga(input: PaymentSagaInput, options: SagaOptions): Promise<PaymentSagaResult> {
  const receipt: Receipt = { capture_ref: '', balance_tx_id: '' };
  await runSaga({ subject: input, steps: paymentSteps(input, receipt), options });
  return receipt;
}

/** The steps of every saga that takes a payment. */
export function paymentSteps(payment: PaymentSagaInput, receipt: Receipt): SagaStep<Activities>[] {
  return [
    {
      name: 'close_invoice',
      execute: async ({ closeInvoice }) => Object.assign(receipt, await closeInvoice(payment)),
      compensate: ({ reopenInvoice }) => reopenInvoice(payment),
    },
    {
      name: 'credit_balance',
      execute: async ({ creditBalance }) => Object.assign(receipt, await creditBalance(payment)),
      compensate: ({ reverseCredit }) => reverseCredit(payment),
    },
    {
      name: 'settle',
      execute: ({ settlePayment }) => settlePayment({ ...payment, ...receipt }),
      pivot: { confirm: ({ confirmSettlement }) => confirmSettlement(payment) },
    },
  ];
}
