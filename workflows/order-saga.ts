import type { OrderSagaInput, PaymentSagaResult, SagaOptions } from '../src/contract';
import type { Activities } from '../activities';
import { paymentSteps, type Receipt } from './payment-saga';
import { runSaga, type SagaStep } from './saga';

/**
 * An order is charged: its goods are reserved, the provider takes the money, and the payment is booked like any
 * other. Whatever fails, and a cancel before the pivot, cancels the order. See {@link runSaga}.
 *
 * @throws ApplicationFailure `saga_compensated`
 */
export async function orderSaga(input: OrderSagaInput, options: SagaOptions): Promise<PaymentSagaResult> {
  const receipt: Receipt = { capture_ref: '', balance_tx_id: '' };
  await runSaga({ subject: input, steps: orderSteps(input, receipt), options });
  return receipt;
}

export function orderSteps(order: OrderSagaInput, receipt: Receipt): SagaStep<Activities>[] {
  return [
    {
      name: 'reserve_inventory',
      run: ({ reserveInventory }) => reserveInventory(order),
      compensate: ({ releaseInventory }) => releaseInventory(order),
    },
    {
      name: 'charge',
      outside: true,
      run: ({ charge }) => charge(order),
      fallback: ({ chargeElsewhere }) => chargeElsewhere(order),
      compensate: ({ refundCharge }) => refundCharge(order),
    },
    ...paymentSteps(order, receipt),
  ];
}
