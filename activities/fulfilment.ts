import { reverseCredit } from '../src/billing/reverse-credit';
import type { ShipmentSagaInput } from '../src/contract';
import { allocateGoods } from '../src/fulfilment/allocate-goods';
import type { Carrier } from '../src/fulfilment/carrier/carrier';
import { dispatchGoods } from '../src/fulfilment/dispatch-goods';
import { recordBooking, recordBookingCancelled } from '../src/fulfilment/record-booking';
import { requestBooking } from '../src/fulfilment/request-booking';
import { releaseInventory } from '../src/inventory/release-inventory';
import type { StepSender } from './send-step';

/** What the steps of a shipment need. */
export interface FulfilmentActivitiesOptions {
  readonly steps: StepSender;
  readonly carrier: Carrier;
}

/** Creates the steps of a shipment: allocation, booking at the carrier, and dispatch. */
export function createFulfilmentActivities({ steps, carrier }: FulfilmentActivitiesOptions) {
  const bookingOf = ({ shipment_id, order_id, product_sku, quantity }: ShipmentSagaInput) =>
    requestBooking({ shipment_id, order_id, product_sku, quantity });

  return {
    /** Allocates the goods of an order. */
    async allocateGoods(saga: ShipmentSagaInput): Promise<void> {
      const { order_id, product_sku, quantity } = saga;
      const message = allocateGoods({ order_id, product_sku, quantity });
      await steps.execute({ saga, step: 'allocate', point: 'shipping.allocate', message });
    },

    /** Releases the goods, including those that the order saga reserved and this saga never allocated. */
    async releaseGoods(saga: ShipmentSagaInput): Promise<void> {
      const message = releaseInventory({ order_id: saga.order_id });
      await steps.compensateAlways({ saga, step: 'allocate', point: 'inventory.release', message });
    },

    /** Books the carrier. */
    async bookCarrier(saga: ShipmentSagaInput): Promise<{ booking_ref: string }> {
      return steps.executeExternal({
        saga,
        step: 'book_carrier',
        point: 'shipping.book',
        intend: bookingOf(saga),
        call: (request) => carrier.book(request),
        record: recordBooking,
      });
    },

    /** Cancels the booking, if there is one. */
    async cancelBooking(saga: ShipmentSagaInput): Promise<void> {
      await steps.compensateExternal({
        saga,
        step: 'book_carrier',
        point: 'shipping.cancel_booking',
        intend: bookingOf(saga),
        call: (request) => carrier.cancel(request),
        record: () => recordBookingCancelled({}),
      });
    },

    /** Dispatches the goods; the saga's pivot. */
    async dispatchGoods({ booking_ref, ...saga }: ShipmentSagaInput & { readonly booking_ref: string }): Promise<void> {
      const { saga_id, order_id, shipment_id } = saga;
      const message = dispatchGoods({ saga_id, order_id, shipment_id, booking_ref });
      await steps.execute({ saga, step: 'dispatch', point: 'shipping.dispatch', message });
    },

    /** Reverses the payment's credit for goods that cannot be shipped. */
    async reversePaymentCredit(saga: ShipmentSagaInput): Promise<void> {
      const message = reverseCredit({ saga_id: saga.payment_saga_id });
      await steps.executeUntilDone({ saga, step: 'reverse_credit', point: 'ledger.reverse_credit', message });
    },
  };
}
