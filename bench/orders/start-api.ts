import { createPorts } from '../../dev/os/ports';
import { ensureApiKeys } from '../../dev/stack/secrets';
import type { BenchStack } from '../stack/bench-stack';
import { startProcess } from '../stack/start-process';

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
  return { ...(await listen(stack, 'bench/orders/noop-server.js', '/')), headers: {} };
}

async function listen(stack: BenchStack, program: string, path: string): Promise<Pick<Server, 'port' | 'pid'>> {
  const port = await createPorts().take();
  const ready = async (): Promise<boolean> => (await fetch(`http://127.0.0.1:${port}${path}`)).ok;
  const { pid } = await startProcess(stack, { program, env: { PORT: String(port) }, ready });
  return { port, pid };
}
