import { Context } from '@temporalio/activity';
import { closeInvoice, reopenInvoice } from '../src/billing/close-invoice';
import { creditBalance, reverseCredit } from '../src/billing/credit-balance';
import { keyForStep } from '../src/cqrs/idempotency';
import type { IdempotencyKeys } from '../src/cqrs/idempotency-keys';
import type { Mediator } from '../src/cqrs/mediator';
import type { Carrier } from '../src/fulfilment/carrier';
import {
  allocateGoods,
  dispatchGoods,
  recordBooking,
  recordBookingCancelled,
  requestBooking,
} from '../src/fulfilment/ship';
import { releaseInventory, reserveInventory } from '../src/inventory/reservations';
import { settlePayment } from '../src/payments/settle-payment';
import { recordSagaOutcome, recordStepDecision } from '../src/sagas/saga';
import type {
  OrderSagaInput,
  PaymentSagaInput,
  PaymentSagaResult,
  SagaOutcomeReport,
  ShipmentSagaInput,
  StepDecisionReport,
} from '../src/temporal-contract';
import type { StepSender } from './send-step';

/** Creates the steps on invoice and ledger. */
export const createBillingActivities = (steps: StepSender) => ({
  async closeInvoice(saga: PaymentSagaInput): Promise<{ capture_ref: string }> {
    const { order_id, invoice_id, payment_id } = saga;
    const message = closeInvoice({ order_id, invoice_id, payment_id });
    return steps.execute({ saga, step: 'close_invoice', point: 'billing.close_invoice', message });
  },

  async reopenInvoice(saga: PaymentSagaInput): Promise<void> {
    const { order_id, invoice_id, payment_id } = saga;
    const message = reopenInvoice({ order_id, invoice_id, payment_id });
    await steps.compensate({ saga, step: 'close_invoice', point: 'billing.reopen_invoice', message });
  },

  async creditBalance(saga: PaymentSagaInput): Promise<{ balance_tx_id: string }> {
    const { saga_id, customer_id, amount, currency } = saga;
    const message = creditBalance({ saga_id, customer_id, amount, currency });
    return steps.execute({ saga, step: 'credit_balance', point: 'ledger.credit_balance', message });
  },

  async reverseCredit(saga: PaymentSagaInput): Promise<void> {
    const message = reverseCredit({ saga_id: saga.saga_id });
    await steps.compensate({ saga, step: 'credit_balance', point: 'ledger.reverse_credit', message });
  },
});

/** Creates the steps on the stock. */
export const createInventoryActivities = (steps: StepSender) => ({
  async reserveInventory(saga: OrderSagaInput): Promise<void> {
    const { order_id, product_sku, quantity } = saga;
    const message = reserveInventory({ order_id, product_sku, quantity });
    await steps.execute({ saga, step: 'reserve_inventory', point: 'inventory.reserve', message });
  },

  async releaseInventory(saga: OrderSagaInput): Promise<void> {
    const message = releaseInventory({ order_id: saga.order_id });
    await steps.compensate({ saga, step: 'reserve_inventory', point: 'inventory.release', message });
  },
});

/** Creates the pivot of every saga that takes a payment. */
export const createPaymentActivities = (steps: StepSender) => ({
  async settlePayment(saga: PaymentSagaInput & PaymentSagaResult): Promise<void> {
    const { saga_id, payment_id, order_id, invoice_id, capture_ref, balance_tx_id } = saga;
    const message = settlePayment({ saga_id, payment_id, order_id, invoice_id, capture_ref, balance_tx_id });
    await steps.execute({ saga, step: 'settle', point: 'payments.settle', message });
  },
});

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

/** The ids of a saga that its records need. */
export interface RecordedSaga {
  readonly saga_id: string;
  readonly correlation_id: string;
}

/** Includes the run, because every run of a workflow counts its reports from 1. */
const reportKey = (kind: string, sequence: number): string =>
  `${kind}/${sequence}/${Context.current().info.workflowExecution?.runId}`;

/** What the records need. */
export interface SagaRecordsOptions {
  readonly mediator: Pick<Mediator, 'send'>;
  readonly idempotency: Pick<IdempotencyKeys, 'bar'>;
}

/** Creates the activities that every saga has, whatever its steps are. */
export function createSagaRecords({ mediator, idempotency }: SagaRecordsOptions) {
  return {
    /** Returns whether `settle` happened. If it did not, it never will: its idempotency key is marked as undone. */
    confirmSettlement: ({ saga_id }: RecordedSaga): Promise<boolean> => idempotency.bar(saga_id, 'settle'),
    /** Returns whether `dispatch` happened, as `confirmSettlement` does. */
    confirmDispatch: ({ saga_id }: RecordedSaga): Promise<boolean> => idempotency.bar(saga_id, 'dispatch'),

    /** Records the saga's state and its troubled steps. Every error is retried. */
    async recordSagaOutcome({ sequence, correlation_id, ...outcome }: SagaOutcomeReport): Promise<void> {
      const { saga_id } = outcome;
      await mediator.send(recordSagaOutcome(outcome), {
        idempotencyKey: keyForStep(saga_id, reportKey('outcome', sequence)),
        correlationId: correlation_id,
      });
    },

    /** Records an operator's decision about a stuck step, with the operator as the sender. */
    async recordStepDecision({ saga_id, step, verdict, reason, ...report }: StepDecisionReport): Promise<void> {
      const { actor, sequence, correlation_id } = report;
      await mediator.send(recordStepDecision({ saga_id, step, resolution: verdict, reason }), {
        principal: { role: 'operator', keyId: actor },
        idempotencyKey: keyForStep(saga_id, reportKey('decision', sequence)),
        correlationId: correlation_id,
      });
    },
  };
}
