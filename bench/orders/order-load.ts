import type { LoadShape, LoadResult } from '../load/clients';
import type { HttpLoadSpec } from '../load/http-load';
import { runLoad } from '../load/run-load';
import type { BenchStack } from '../stack/bench-stack';
import type { Server } from './start-api';

/** The load of every measurement over HTTP, and of its limits. */
export const ORDER_LOAD: LoadShape = { clients: 20, warmUpMs: 1_500, measureMs: 4_000 };

/** A process takes three times as long for its first thousands of requests: those are not measured. */
export async function warmUp(load: () => Promise<LoadResult>): Promise<void> {
  for (let times = 0; times < 2; times += 1) await load();
}

const CUSTOMERS = 500;

/** One `vps.s` for each of these customers in turn. */
const orders = Array.from({ length: CUSTOMERS }, (_, index) => ({
  path: '/orders',
  body: JSON.stringify({ customer_id: `cus_bench_${index}`, product_sku: 'vps.s', amount: 9900 }),
}));

/** POST /orders by keep-alive clients, 20 unless told. */
export function loadPostOrders(
  { teardown }: BenchStack,
  { port, headers }: Server,
  { idempotencyKeys = false, shape = ORDER_LOAD } = {},
): Promise<LoadResult> {
  const spec: HttpLoadSpec = {
    shape,
    port,
    headers,
    method: 'POST',
    requests: orders,
    idempotencyKeys,
    status: 201,
  };
  return runLoad(teardown, 'load/http-load.js', spec);
}

/** GET /orders/{order_id} of these orders in turn by 20 keep-alive clients. */
export function loadGetOrder(
  { teardown }: BenchStack,
  { port, headers }: Server,
  orderIds: readonly string[],
): Promise<LoadResult> {
  const requests = orderIds.map((id) => ({ path: `/orders/${id}` }));
  const spec: HttpLoadSpec = { shape: ORDER_LOAD, port, headers, method: 'GET', requests, status: 200 };
  return runLoad(teardown, 'load/http-load.js', spec);
}
