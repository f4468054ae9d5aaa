import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import type { salesResponse } from '../src/analytics/sales';
import type { balanceResponse } from '../src/billing/balance';
import type { OrderResponse } from '../src/orders/order-response';
import type { listOrderEvents } from '../src/orders/queries';
import type { SagaResponse } from '../src/sagas/view';
import type { Answer, ApiClient, Problem } from './api-client';
import { eventually, must } from './eventually';

// The bodies of the API's responses, by the API's own schemas.
export type { OrderResponse, SagaResponse };
/** The response of `GET /customers/{customer_id}/balance`. */
export type BalanceView = z.infer<typeof balanceResponse>;
/** The response of `GET /analytics/sales`. */
export type SalesView = z.infer<typeof salesResponse>;
/** The response of `GET /orders/{order_id}/events`. */
export type OrderEventsView = z.infer<(typeof listOrderEvents)['result']>;

/** The response of `POST /invoices/close-after-payment`. With `pending`, the last two fields are absent. */
export interface PaidView {
  readonly status: 'ok' | 'pending';
  readonly saga_id: string;
  readonly capture_ref: string;
  readonly balance_tx_id: string;
}

/** The response of `GET /health`. */
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

/** The fields of an order that differ from the defaults: one `vps.s` for 9900 EUR, for a new customer. */
export type OrderRequest = Partial<
  Record<'customer_id' | 'product_sku' | 'currency' | 'collection_method' | 'payment_method', string>
> & {
  readonly amount?: number;
  readonly quantity?: number;
};

/**
 * An order of goods for 1500 EUR that is charged automatically, so that it runs the order saga and the shipment saga.
 */
export const CHARGED_GOODS: OrderRequest = {
  product_sku: 'mug',
  amount: 1_500,
  collection_method: 'charge_automatically',
  payment_method: 'pm_ok',
};

/** The fields of a payment that differ from the defaults, and how the client waits. */
export interface PaymentRequest {
  readonly payment_id?: string;
  readonly amount?: number;
  /** The value N of `Prefer: wait=N`, in seconds. */
  readonly wait?: number;
  /** The client's time limit for a response, in ms. */
  readonly timeoutMs?: number;
}

/** Returns a new id as a client would choose it, such as `pay_0f3c…`. */
export const newClientId = (prefix: string): string => `${prefix}_${randomUUID().replaceAll('-', '')}`;

/** A paid or accepted payment, or a problem. The response's status says which. */
export type PaymentAnswer = PaidView & Omit<Problem, 'status'>;

/** Returns the body of an order, with the defaults of {@link OrderRequest}. */
export const orderRequest = (order: OrderRequest = {}) => ({
  customer_id: newClientId('cus'),
  product_sku: 'vps.s',
  amount: 9900,
  ...order,
});

/** Returns the notification of a payment that pays the order's invoice. */
export const paymentNotification = (order: OrderResponse, { payment_id, amount }: PaymentRequest = {}) => ({
  order_id: order.order_id,
  customer_id: order.customer_id,
  invoice_id: order.invoice_id,
  amount: amount ?? order.amount,
  currency: order.currency,
  payment_id: payment_id ?? newClientId('pay'),
});

/** Places an order. Repeats the request with the same `Idempotency-Key` while the API is gone or overloaded. */
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

/** Records a payment of the order's invoice, with one request. */
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

/** Repeats a payment until its saga has ended, as a client does after 202 and while the API is gone. */
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

/** Reads an order. */
export const readOrder = async (api: ApiClient, orderId: string): Promise<OrderResponse> =>
  (await api.call<OrderResponse>('GET', `/orders/${orderId}`)).body;

/** Reads the events of an order. */
export const readOrderEvents = async (api: ApiClient, orderId: string): Promise<OrderEventsView['data']> =>
  (await api.call<OrderEventsView>('GET', `/orders/${orderId}/events`)).body.data;

/** Reads a saga. */
export const readSaga = async (api: ApiClient, sagaId: string): Promise<SagaResponse> =>
  (await api.call<SagaResponse>('GET', `/sagas/${sagaId}`)).body;

/** Reads a customer's balance in minor units of EUR, or 0 without one. */
export async function readBalance(api: ApiClient, customerId: string): Promise<number> {
  const { body } = await api.call<BalanceView>('GET', `/customers/${customerId}/balance`);
  return body.balances.find(({ currency }) => currency === 'EUR')?.amount ?? 0;
}

/** Reads the sales. */
export const readSales = async (api: ApiClient): Promise<SalesView> =>
  (await api.call<SalesView>('GET', '/analytics/sales')).body;

/** Waits until the order has the status. */
export const untilStatus = (api: ApiClient, orderId: string, status: OrderResponse['status'], deadlineMs = 20_000) =>
  eventually(
    async () => {
      const order = await readOrder(api, orderId);
      must(order.status === status, `order ${orderId} is ${order.status}, not yet ${status}`);
      return order;
    },
    { deadlineMs },
  );
