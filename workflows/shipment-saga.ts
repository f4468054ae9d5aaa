import type { Activities } from '../activities';
import type { SagaOptions, ShipmentSagaInput } from '../src/temporal-contract';
import { runSaga, type SagaStep } from './saga/run-saga';

/** The saga's result, which the step `book_carrier` fills in. */
export interface Waybill {
  booking_ref: string;
}

/**
 * Ships paid goods. `dispatch` is the pivot, because dispatched goods do not come back. The payment of goods that cannot
 * be shipped is refunded. See {@link runSaga}.
 *
 * @throws ApplicationFailure `saga_compensated`
 */
export async function shipmentSaga(input: ShipmentSagaInput, options: SagaOptions): Promise<Waybill> {
  const waybill: Waybill = { booking_ref: '' };
  await runSaga({
    subject: input,
    steps: shipmentSteps(input, waybill),
    followUps: shipmentFollowUps(input),
    options,
  });
  return waybill;
}

/** The steps of the shipment saga. `waybill` is filled in by the steps. */
export function shipmentSteps(shipment: ShipmentSagaInput, waybill: Waybill): SagaStep<Activities>[] {
  return [
    {
      name: 'allocate',
      execute: ({ allocateGoods }) => allocateGoods(shipment),
      compensate: ({ releaseGoods }) => releaseGoods(shipment),
    },
    {
      name: 'book_carrier',
      external: true,
      execute: async ({ bookCarrier }) => Object.assign(waybill, await bookCarrier(shipment)),
      compensate: ({ cancelBooking }) => cancelBooking(shipment),
    },
    {
      name: 'dispatch',
      execute: ({ dispatchGoods }) => dispatchGoods({ ...shipment, ...waybill }),
      pivot: { confirm: ({ confirmDispatch }) => confirmDispatch(shipment) },
    },
  ];
}

/** Reverses the credit and refunds the payment of goods that were not shipped. */
export const shipmentFollowUps = (shipment: ShipmentSagaInput): SagaStep<Activities>[] => [
  { name: 'reverse_credit', execute: ({ reversePaymentCredit }) => reversePaymentCredit(shipment) },
  { name: 'refund_payment', external: true, execute: ({ refundPayment }) => refundPayment(shipment) },
];
