import { join } from 'node:path';
import { startChild } from '../../../dev/os/child';
import { createPorts } from '../../../dev/os/ports';
import { eventually, must } from '../../../testing/eventually';
import { dataFolder } from '../e2e-stack';
import { findToxiproxy } from './toxiproxy-install';

/** What is wrong with the way, see https://github.com/Shopify/toxiproxy#toxics. `upstream` is to the target. */
export interface Toxic {
  readonly type: 'latency' | 'timeout' | 'reset_peer';
  readonly stream: 'upstream' | 'downstream';
  readonly attributes: Readonly<Record<string, number>>;
}

export interface Toxiproxy {
  readonly port: number;
  /** Takes effect at once, also for connections that are open. */
  add(...toxics: readonly Toxic[]): Promise<void>;
  /** The way is sound again. */
  clear(): Promise<void>;
  stop(): Promise<void>;
}

/** A fault proxy before one target, as a process of its own. Loopback only. */
export async function startToxiproxy(target: { host: string; port: number }): Promise<Toxiproxy> {
  const command = await findToxiproxy();
  const ports = createPorts();
  const [apiPort, port] = [await ports.take(), await ports.take()];
  const api = `http://127.0.0.1:${apiPort}`;
  const server = startChild({
    command,
    args: ['-host', '127.0.0.1', '-port', String(apiPort)],
    output: join(dataFolder(), 'logs', 'toxiproxy.log'),
    pidFile: join(dataFolder(), 'pids', `toxiproxy-${apiPort}.pid`),
  });

  async function call(method: string, path: string, json?: object): Promise<void> {
    const response = await fetch(`${api}${path}`, { method, ...(json && { body: JSON.stringify(json) }) });
    must(response.ok, `Toxiproxy answered ${method} ${path} with ${response.status} ${await response.text()}`);
  }

  try {
    await eventually(() => call('GET', '/version'), { deadlineMs: 10_000 });
    const upstream = `${target.host}:${target.port}`;
    await call('POST', '/proxies', { name: 'way', listen: `127.0.0.1:${port}`, upstream, enabled: true });
  } catch (error) {
    await server.stop();
    throw error;
  }
  const added: string[] = [];
  return {
    port,
    async add(...toxics) {
      for (const toxic of toxics) {
        const name = `${toxic.type}-${toxic.stream}`;
        await call('POST', '/proxies/way/toxics', { ...toxic, name });
        added.push(name);
      }
    },
    async clear() {
      for (const name of added.splice(0)) await call('DELETE', `/proxies/way/toxics/${name}`);
    },
    stop: () => server.stop(),
  };
}
