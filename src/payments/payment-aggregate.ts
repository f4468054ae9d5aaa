import type { Aggregate } from '../mediator/aggregate';
import { evolvePayment, type Payment } from './payment';
import type { PaymentEvent } from './payment-events';

/** The payment as an aggregate. */
export const paymentAggregate: Aggregate<Payment, PaymentEvent> = {
  type: 'payment',
  table: 'payment',
  idColumn: 'payment_id',
  evolve: evolvePayment,
};
