import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { ApiClient } from '../client/api-client';
import { eventually, must } from '../client/eventually';
import { CHARGED_GOODS, newClientId, type OrderRequest, orderRequest, payUntilSettled } from '../client/shop';
import type { OrderResponse } from '../client/views';

export interface OrderSteadilyOptions {
  readonly api: ApiClient;
  readonly orders: number;
  /** The orders are spread over this long. */
  readonly durationMs: number;
  /** How long a client asks for one answer. */
  readonly patienceMs: number;
}

const CLIENTS = 20;
/** An API that was killed with the request answers nothing any more. */
const ASK_AGAIN_MS = 5_000;
/** One in so many is paid, and one is goods that are charged and sent. */
const PAID = 50;

/** Places orders, some to be charged, and pays some, as clients that ask again under the same key until they have their answer. */
export async function orderSteadily({ api, orders, durationMs, patienceMs }: OrderSteadilyOptions): Promise<void> {
  const began = performance.now();
  const paying: Promise<void>[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: CLIENTS }, async () => {
      for (let n = next++; n < orders; n = next++) {
        await delay(Math.max(0, began + (n / orders) * durationMs - performance.now()));
        const order = await placeUntilAnswered(api, n % PAID === PAID / 2 ? CHARGED_GOODS : {}, patienceMs);
        if (n % PAID === 0) paying.push(payOrder(api, order, patienceMs));
      }
    }),
  );
  await Promise.all(paying);
}

/** One order for one `Idempotency-Key`, however often it is asked for. */
function placeUntilAnswered(api: ApiClient, order: OrderRequest, patienceMs: number): Promise<OrderResponse> {
  const request = { json: orderRequest(order), headers: { 'idempotency-key': randomUUID() }, timeoutMs: ASK_AGAIN_MS };
  return eventually(
    async () => {
      const { status, body, text } = await api.call<OrderResponse>('POST', '/orders', request);
      must(status === 201, `POST /orders answered ${status} ${text}`);
      return body;
    },
    { deadlineMs: patienceMs, everyMs: 100 },
  );
}

async function payOrder(api: ApiClient, order: OrderResponse, patienceMs: number): Promise<void> {
  const { status, text } = await payUntilSettled(api, order, { payment_id: newClientId('pay') }, patienceMs);
  must(status === 200, `the payment of ${order.order_id} was answered ${status} ${text}`);
}
