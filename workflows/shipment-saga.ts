import type { Activities } from '../activities';
import type { SagaOptions, ShipmentSagaInput } from '../src/contract';
import { runSaga, type SagaStep } from './saga';

/** Filled by the booking. */
export interface Waybill {
  booking_ref: string;
}

/**
 * Paid goods are sent. `dispatch` is the pivot: what has left the house does not come back. Goods that cannot be
 * sent are paid back. See {@link runSaga}.
 *
 * @throws ApplicationFailure `saga_compensated`
 */
export async function shipmentSaga(input: ShipmentSagaInput, options: SagaOptions): Promise<Waybill> {
  const waybill: Waybill = { booking_ref: '' };
  await runSaga({
    subject: input,
    steps: shipmentSteps(input, waybill),
    remedies: shipmentRemedies(input),
    options,
  });
  return waybill;
}

export function shipmentSteps(shipment: ShipmentSagaInput, waybill: Waybill): SagaStep<Activities>[] {
  return [
    {
      name: 'allocate',
      run: ({ allocateGoods }) => allocateGoods(shipment),
      compensate: ({ releaseGoods }) => releaseGoods(shipment),
    },
    {
      name: 'book_carrier',
      outside: true,
      run: async ({ bookCarrier }) => Object.assign(waybill, await bookCarrier(shipment)),
      compensate: ({ cancelBooking }) => cancelBooking(shipment),
    },
    {
      name: 'dispatch',
      run: ({ dispatchGoods }) => dispatchGoods({ ...shipment, ...waybill }),
      pivot: ({ confirmDispatch }) => confirmDispatch(shipment),
    },
  ];
}

/** The customer has paid for what does not come: the credit is reversed, and the money goes back. */
export const shipmentRemedies = (shipment: ShipmentSagaInput): SagaStep<Activities>[] => [
  { name: 'reverse_credit', run: ({ reversePaymentCredit }) => reversePaymentCredit(shipment) },
  { name: 'refund_payment', outside: true, run: ({ refundPayment }) => refundPayment(shipment) },
];
