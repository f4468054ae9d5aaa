import { reverseCredit } from '../src/billing/reverse-credit';
import type { ShipmentSagaInput } from '../src/contract';
import { allocateGoods } from '../src/fulfilment/allocate-goods';
import type { Carrier } from '../src/fulfilment/carrier/carrier';
import { dispatchGoods } from '../src/fulfilment/dispatch-goods';
import { recordBooking, recordBookingCancelled } from '../src/fulfilment/record-booking';
import { requestBooking } from '../src/fulfilment/request-booking';
import { releaseInventory } from '../src/inventory/release-inventory';
import type { StepSender } from './send-step';

export interface FulfilmentActivitiesOptions {
  readonly steps: StepSender;
  readonly carrier: Carrier;
}

/** Steps of a shipment: in the stock, at the carrier, and out of the house. */
export function createFulfilmentActivities({ steps, carrier }: FulfilmentActivitiesOptions) {
  const bookingOf = ({ shipment_id, order_id, product_sku, quantity }: ShipmentSagaInput) =>
    requestBooking({ shipment_id, order_id, product_sku, quantity });

  return {
    async allocateGoods(saga: ShipmentSagaInput): Promise<void> {
      const { order_id, product_sku, quantity } = saga;
      const message = allocateGoods({ order_id, product_sku, quantity });
      await steps.run({ saga, step: 'allocate', point: 'shipping.allocate', message });
    },

    /** Also what the order saga reserved, and this one never took over. */
    async releaseGoods(saga: ShipmentSagaInput): Promise<void> {
      const message = releaseInventory({ order_id: saga.order_id });
      await steps.undoAlways({ saga, step: 'allocate', point: 'inventory.release', message });
    },

    async bookCarrier(saga: ShipmentSagaInput): Promise<{ booking_ref: string }> {
      return steps.runOutside({
        saga,
        step: 'book_carrier',
        point: 'shipping.book',
        ask: bookingOf(saga),
        call: (request) => carrier.book(request),
        record: recordBooking,
      });
    },

    async cancelBooking(saga: ShipmentSagaInput): Promise<void> {
      await steps.undoOutside({
        saga,
        step: 'book_carrier',
        point: 'shipping.cancel_booking',
        ask: bookingOf(saga),
        call: (request) => carrier.cancel(request),
        record: () => recordBookingCancelled({}),
      });
    },

    async dispatchGoods({ booking_ref, ...saga }: ShipmentSagaInput & { readonly booking_ref: string }): Promise<void> {
      const { saga_id, order_id, shipment_id } = saga;
      const message = dispatchGoods({ saga_id, order_id, shipment_id, booking_ref });
      await steps.run({ saga, step: 'dispatch', point: 'shipping.dispatch', message });
    },

    /** What cannot be sent is paid back: the credit of its payment is reversed. */
    async reversePaymentCredit(saga: ShipmentSagaInput): Promise<void> {
      const message = reverseCredit({ saga_id: saga.payment_saga_id });
      await steps.must({ saga, step: 'reverse_credit', point: 'ledger.reverse_credit', message });
    },
  };
}
