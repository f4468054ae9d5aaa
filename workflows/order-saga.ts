import type { Activities } from '../activities';
import type { OrderSagaInput, PaymentSagaResult, SagaOptions } from '../src/temporal-contract';
import { paymentSteps, type Receipt } from './payment-saga';
import { runSaga, type SagaStep } from './saga/run-saga';

/**
 * Charges an order: reserves its goods, charges the payment provider, and processes the payment. A failure, or a
 * cancellation before the pivot, cancels the order. See {@link runSaga}.
 *
 * @throws ApplicationFailure `saga_compensated`
 */
export async function orderSaga(input: OrderSagaInput, options: SagaOptions): Promise<PaymentSagaResult> {
  const receipt: Receipt = { capture_ref: '', balance_tx_id: '' };
  await runSaga({ subject: input, steps: orderSteps(input, receipt), options });
  return receipt;
}

/** The steps of the order saga. `receipt` is filled in by the steps. */
export function orderSteps(order: OrderSagaInput, receipt: Receipt): SagaStep<Activities>[] {
  return [
    {
      name: 'reserve_inventory',
      execute: ({ reserveInventory }) => reserveInventory(order),
      compensate: ({ releaseInventory }) => releaseInventory(order),
    },
    {
      name: 'charge',
      external: true,
      execute: ({ charge }) => charge(order),
      fallback: ({ chargeElsewhere }) => chargeElsewhere(order),
      compensate: ({ refundCharge }) => refundCharge(order),
    },
    ...paymentSteps(order, receipt),
  ];
}
