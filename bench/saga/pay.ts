import type { LoadResult, LoadShape } from '../load/clients';
import type { HttpLoadSpec } from '../load/http-load';
import { runLoad } from '../load/run-load';
import type { Server } from '../orders/start-api';
import type { BenchStack } from '../stack/bench-stack';
import { placeOrders } from './place-orders';

/**
 * Pays for orders that it places before: each payment is answered when its saga has ended.
 * @param orders as many as there may be payments in this time; the load fails when there are too few
 */
export async function pay(stack: BenchStack, server: Server, shape: LoadShape, orders: number): Promise<LoadResult> {
  const { port, headers } = server;
  const notices = await placeOrders(stack.databaseUrl, orders);
  const requests = notices.map((notice) => ({ path: '/invoices/close-after-payment', body: JSON.stringify(notice) }));
  const spec: HttpLoadSpec = { shape, port, headers, method: 'POST', requests, once: true, status: 200 };
  return runLoad(stack.teardown, 'load/http-load.js', spec);
}
