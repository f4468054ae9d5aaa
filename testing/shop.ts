import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import type { salesResponse } from '../src/analytics/sales';
import type { balanceResponse } from '../src/billing/balance';
import type { OrderResponse } from '../src/orders/order-response';
import type { listOrderEvents } from '../src/orders/queries';
import type { SagaResponse } from '../src/sagas/view';
import type { Answer, ApiClient, Problem } from './api-client';
import { eventually, must } from './eventually';

// The bodies of the API's responses, as the API's own schemas have them.
export type { OrderResponse, SagaResponse };
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

/** What an order may say besides the defaults: one `vps.s` for 9900 EUR, for a new customer. */
export type OrderRequest = Partial<
  Record<'customer_id' | 'product_sku' | 'currency' | 'collection_method' | 'payment_method', string>
> & {
  readonly amount?: number;
  readonly quantity?: number;
};

/** An order that goes through the order saga and the shipment saga: of 1500 EUR. */
export const CHARGED_GOODS: OrderRequest = {
  product_sku: 'mug',
  amount: 1_500,
  collection_method: 'charge_automatically',
  payment_method: 'pm_ok',
};

export interface PaymentRequest {
  readonly payment_id?: string;
  readonly amount?: number;
  /** `Prefer: wait=N`, in seconds. */
  readonly wait?: number;
  /** How long the client waits for an answer. */
  readonly timeoutMs?: number;
}

/** A new id that a client may give, such as `pay_0f3c…`. */
export const newClientId = (prefix: string): string => `${prefix}_${randomUUID().replaceAll('-', '')}`;

/** Paid, accepted, or a problem: which one, the answer's status says. */
export type PaymentAnswer = PaidView & Omit<Problem, 'status'>;

export const orderRequest = (order: OrderRequest = {}) => ({
  customer_id: newClientId('cus'),
  product_sku: 'vps.s',
  amount: 9900,
  ...order,
});

/** The notice that pays the order's invoice. */
export const paymentNotification = (order: OrderResponse, { payment_id, amount }: PaymentRequest = {}) => ({
  order_id: order.order_id,
  customer_id: order.customer_id,
  invoice_id: order.invoice_id,
  amount: amount ?? order.amount,
  currency: order.currency,
  payment_id: payment_id ?? newClientId('pay'),
});

/**
 * Places an order; the API may die in between, or be too busy for it, because the repeat has the same
 * `Idempotency-Key`.
 */
export async function placeOrder(
  api: ApiClient,
  order: OrderRequest = {},
  deadlineMs = 30_000,
): Promise<OrderResponse> {
  const request = { json: orderRequest(order), headers: { 'idempotency-key': randomUUID() } };
  const { status, body, text } = await eventually(
    async () => {
      const answer = await api.call<OrderResponse>('POST', '/orders', request);
      must(answer.status !== 503, `POST /orders is still answered 503 ${answer.text}`);
      return answer;
    },
    { deadlineMs },
  );
  must(status === 201, `POST /orders answered ${status} ${text}`);
  return body;
}

/** Tells that the order's invoice was paid, once. */
export function pay(
  api: ApiClient,
  order: OrderResponse,
  payment: PaymentRequest = {},
): Promise<Answer<PaymentAnswer>> {
  return api.call('POST', '/invoices/close-after-payment', {
    json: paymentNotification(order, payment),
    headers: { prefer: `wait=${payment.wait ?? 10}` },
    ...(payment.timeoutMs !== undefined && { timeoutMs: payment.timeoutMs }),
  });
}

/** Tells it again and again until the saga has ended: what a client does on 202, and when the API is gone. */
export function payUntilSettled(
  api: ApiClient,
  order: OrderResponse,
  payment: PaymentRequest & { readonly payment_id: string },
  deadlineMs: number,
): Promise<Answer<PaymentAnswer>> {
  return eventually(
    async () => {
      const answer = await pay(api, order, { wait: 5, ...payment });
      const { status, text } = answer;
      must(status === 200 || status === 409, `the payment of ${order.order_id} is still answered ${status} ${text}`);
      must(answer.body.code !== 'request_in_progress', text);
      return answer;
    },
    { deadlineMs, everyMs: 100 },
  );
}

export const readOrder = async (api: ApiClient, orderId: string): Promise<OrderResponse> =>
  (await api.call<OrderResponse>('GET', `/orders/${orderId}`)).body;

export const readOrderEvents = async (api: ApiClient, orderId: string): Promise<OrderEventsView['data']> =>
  (await api.call<OrderEventsView>('GET', `/orders/${orderId}/events`)).body.data;

export const readSaga = async (api: ApiClient, sagaId: string): Promise<SagaResponse> =>
  (await api.call<SagaResponse>('GET', `/sagas/${sagaId}`)).body;

/** Minor units of EUR; 0 for a customer without any. */
export async function readBalance(api: ApiClient, customerId: string): Promise<number> {
  const { body } = await api.call<BalanceView>('GET', `/customers/${customerId}/balance`);
  return body.balances.find(({ currency }) => currency === 'EUR')?.amount ?? 0;
}

export const readSales = async (api: ApiClient): Promise<SalesView> =>
  (await api.call<SalesView>('GET', '/analytics/sales')).body;

/** Waits until the order is in this state. */
export const untilStatus = (api: ApiClient, orderId: string, status: OrderResponse['status'], deadlineMs = 20_000) =>
  eventually(
    async () => {
      const order = await readOrder(api, orderId);
      must(order.status === status, `order ${orderId} is ${order.status}, not yet ${status}`);
      return order;
    },
    { deadlineMs },
  );
