import { createPorts } from '../dev/os/ports';
import { ensureApiKeys } from '../dev/stack/prepare';
import type { HttpLoadSpec } from './http-load';
import { type LoadResult, type LoadShape, runLoad } from './load';
import { type BenchStack, startProcess } from './measurement';

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

/** Puts POST /orders on by keep-alive clients, 20 by default. */
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
  return runLoad(teardown, 'http-load.js', spec);
}

/** GET /orders/{order_id} of these orders in turn by 20 keep-alive clients. */
export function loadGetOrder(
  { teardown }: BenchStack,
  { port, headers }: Server,
  orderIds: readonly string[],
): Promise<LoadResult> {
  const requests = orderIds.map((id) => ({ path: `/orders/${id}` }));
  const spec: HttpLoadSpec = { shape: ORDER_LOAD, port, headers, method: 'GET', requests, status: 200 };
  return runLoad(teardown, 'http-load.js', spec);
}

export interface Server {
  readonly port: number;
  readonly pid: number;
  /** What each request carries. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The real API process, and a service's key for it. */
export async function startApi(stack: BenchStack): Promise<Server> {
  const { service } = await ensureApiKeys(stack.databaseUrl);
  const server = await listen(stack, 'src/api.js', '/health/live');
  return { ...server, headers: { authorization: `Bearer ${service}` } };
}

/** The least that a Hono server can do with the same requests. */
export async function startNoopServer(stack: BenchStack): Promise<Server> {
  return { ...(await listen(stack, 'bench/noop-server.js', '/')), headers: {} };
}

async function listen(stack: BenchStack, program: string, path: string): Promise<Pick<Server, 'port' | 'pid'>> {
  const port = await createPorts().take();
  const ready = async (): Promise<boolean> => (await fetch(`http://127.0.0.1:${port}${path}`)).ok;
  const { pid } = await startProcess(stack, { program, env: { PORT: String(port) }, ready });
  return { port, pid };
}
