/** The bodies of the API's answers, as its own schemas say them. */
import type { z } from 'zod';
import type { salesResponse } from '../../src/analytics/get-sales';
import type { balanceResponse } from '../../src/billing/get-balance';
import type { listOrderEvents } from '../../src/orders/list-order-events';

export type { OrderResponse } from '../../src/orders/order-view';
export type { SagaResponse } from '../../src/sagas/view/saga-view';
export type BalanceView = z.infer<typeof balanceResponse>;
export type SalesView = z.infer<typeof salesResponse>;
export type OrderEventsView = z.infer<(typeof listOrderEvents)['result']>;

/** Of `POST /invoices/close-after-payment`: with `pending`, the last two are not there yet. */
export interface PaidView {
  readonly status: 'ok' | 'pending';
  readonly saga_id: string;
  readonly capture_ref: string;
  readonly balance_tx_id: string;
}

export interface HealthView {
  readonly status: string;
  readonly checks: Readonly<
    Record<
      | 'database'
      | 'broker'
      | 'temporal'
      | 'outbox_lag'
      | 'dead_letters'
      | 'consumers'
      | 'sagas'
      | 'payment_provider'
      | 'carrier',
      { readonly status: string; readonly detail?: string }
    >
  >;
}
