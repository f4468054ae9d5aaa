import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Problem } from '../os/problem';
import { createPorts } from '../os/ports';
import type { Log } from '../os/progress';
import type { Teardown } from '../os/teardown';
import { waitUntil } from '../os/wait';
import { fromRoot } from '../root';
import { memoryLimits } from './memory-limits';
import { processEnvironment, type ProcessName } from './process-environment';
import type { ProcessUrls } from './process-users';
import type { ServiceAddresses } from './stack';
import { superviseProcess, type SupervisedProcess } from './supervised-process';

export interface ProcessesOptions {
  readonly services: ServiceAddresses;
  /** The folder for their pid files, so that a killed run's processes are found; the stack's own one. */
  readonly dataDir: string;
  /** Each process's own, as `services` has one for all. */
  readonly databaseUrls?: ProcessUrls | undefined;
  /** Over the local settings: `PORT` (a free one unless given), `TEMPORAL_NAMESPACE`, `LOG_LEVEL`, … */
  readonly env?: NodeJS.ProcessEnv;
  /** Over `env`, for one of them. */
  readonly envOf?: Partial<Record<ProcessName, NodeJS.ProcessEnv>>;
  /** Gets each line of their output, with the name in front. */
  readonly log: Log;
  /** Start one again when it dies. */
  readonly restart: boolean;
  /** Ends them too, should it run before this resolves. */
  readonly teardown?: Teardown;
  /** Told whenever a pid changed. */
  readonly onChange?: () => void;
}

export interface Processes {
  readonly api: { readonly pid: number; readonly url: string };
  readonly worker: { readonly pid: number };
  readonly consumer: { readonly pid: number };
  /** Where each tells its metrics to Prometheus. */
  readonly metrics: Readonly<Record<ProcessName, string>>;
  /** SIGKILL unless told; resolves when the process is gone. */
  kill(name: ProcessName, signal?: NodeJS.Signals): Promise<void>;
  /** Starts one that does not run; for the API resolves when it answers, on the port it had. */
  start(name: ProcessName): Promise<void>;
  isRunning(name: ProcessName): boolean;
  /** Ends all in good order: api, consumer, worker. */
  stop(): Promise<void>;
}

/** In the order in which they end: nothing new comes in, then nothing new is worked on. */
const NAMES = ['api', 'consumer', 'worker'] as const satisfies readonly ProcessName[];

/** How long the API may take until it answers. */
const START_TIMEOUT_MS = 60_000;

/**
 * Starts `api`, `worker` and `consumer` as processes of their own, on services that run and a database
 * that is migrated, and waits until the API answers.
 * @throws Problem when it does not; the processes are stopped then
 */
export async function startProcesses(options: ProcessesOptions): Promise<Processes> {
  const ports = createPorts();
  const port = options.env?.PORT ?? String(await ports.take());
  const metricsPorts = { worker: String(await ports.take()), consumer: String(await ports.take()) };
  const url = `http://127.0.0.1:${port}`;
  const env = processEnvironment(options.services, { ...options.env, PORT: port });
  // Several sets may run on one folder at a time: each names its pid files apart.
  const set = randomBytes(4).toString('hex');

  options.teardown?.assertOpen();
  const start = (name: ProcessName): SupervisedProcess =>
    superviseProcess({
      script: fromRoot('dist', 'src', `${name}.js`),
      flags: memoryLimits(name).flags,
      env: {
        ...env,
        ...memoryLimits(name).env,
        ...(options.databaseUrls && { DATABASE_URL: options.databaseUrls[name] }),
        ...(name !== 'api' && { METRICS_PORT: metricsPorts[name] }),
        ...options.envOf?.[name],
      },
      pidFile: join(options.dataDir, 'pids', `${name}-${set}.pid`),
      log: (line) => options.log(`${name.padEnd(8)} │ ${line}`),
      restart: options.restart,
      ...(options.onChange && { onStart: options.onChange }),
    });
  const running: Record<ProcessName, SupervisedProcess> = {
    worker: start('worker'),
    consumer: start('consumer'),
    api: start('api'),
  };

  async function waitForApi(): Promise<void> {
    const answers = (): Promise<boolean> => fetch(`${url}/health/live`).then((response) => response.ok);
    const { api } = running;
    const up = await waitUntil(async () => api.isOver() || (await answers()), {
      timeoutMs: START_TIMEOUT_MS,
      everyMs: 50,
    });
    if (!up || api.isOver()) throw new Problem(`The API did not come up at ${url}; its output says why.`);
  }

  async function stop(): Promise<void> {
    for (const name of NAMES) await running[name].stop();
  }

  options.teardown?.add(stop);
  try {
    await waitForApi();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    get api() {
      return { pid: running.api.pid, url };
    },
    get worker() {
      return { pid: running.worker.pid };
    },
    get consumer() {
      return { pid: running.consumer.pid };
    },
    metrics: {
      api: `${url}/metrics`,
      worker: `http://127.0.0.1:${metricsPorts.worker}/metrics`,
      consumer: `http://127.0.0.1:${metricsPorts.consumer}/metrics`,
    },
    kill: (name, signal) => running[name].kill(signal),
    async start(name) {
      running[name].start();
      if (name === 'api') await waitForApi();
    },
    isRunning: (name) => running[name].isRunning(),
    stop,
  };
}
