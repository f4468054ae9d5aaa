import type { Aggregate } from '../mediator/aggregate';
import { defineTable } from '../platform/database/table';
import { evolvePayment, type Payment } from './payment';
import type { PaymentEvent } from './payment-events';

/** The payment as an aggregate. */
export const paymentAggregate: Aggregate<Payment, PaymentEvent> = {
  type: 'payment',
  table: defineTable('payment', 'payment_id'),
  evolve: evolvePayment,
};
