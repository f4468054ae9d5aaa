import type { Activities } from '../activities';
import type { PaymentSagaInput, PaymentSagaResult, SagaOptions } from '../src/contract';
import { runSaga, type SagaStep } from './saga';

/** Filled by the steps as they are done. */
export type Receipt = { -readonly [Field in keyof PaymentSagaResult]: PaymentSagaResult[Field] };

/**
 * A payment was made: the invoice is closed, the customer's balance credited, and with `settle`, the
 * pivot, order, invoice and payment are paid. See {@link runSaga} for what happens when a step fails.
 *
 * @throws ApplicationFailure `saga_compensated`
 */
export async function paymentSaga(input: PaymentSagaInput, options: SagaOptions): Promise<PaymentSagaResult> {
  const receipt: Receipt = { capture_ref: '', balance_tx_id: '' };
  await runSaga({ subject: input, steps: paymentSteps(input, receipt), options });
  return receipt;
}

/** The steps as data, for every saga that takes a payment. */
export function paymentSteps(payment: PaymentSagaInput, receipt: Receipt): SagaStep<Activities>[] {
  return [
    {
      name: 'close_invoice',
      run: async ({ closeInvoice }) => Object.assign(receipt, await closeInvoice(payment)),
      compensate: ({ reopenInvoice }) => reopenInvoice(payment),
    },
    {
      name: 'credit_balance',
      run: async ({ creditBalance }) => Object.assign(receipt, await creditBalance(payment)),
      compensate: ({ reverseCredit }) => reverseCredit(payment),
    },
    {
      name: 'settle',
      run: ({ settlePayment }) => settlePayment({ ...payment, ...receipt }),
      pivot: ({ confirmSettlement }) => confirmSettlement(payment),
    },
  ];
}
