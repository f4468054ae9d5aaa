import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { INSTANCE_HEADER } from '../../src/platform/supervision';
import { type Log, Problem, type Teardown } from '../command';
import { fromRoot } from '../os/files';
import { createPorts, PortTaken, waitUntil } from '../os/ports';
import type { ServiceAddresses } from '../services/start-services';
import { memoryLimits, processEnvironment, type ProcessName, type ProcessUrls } from './process-environment';
import { superviseProcess, type SupervisedProcess } from './supervised-process';

export interface ProcessesOptions {
  readonly services: ServiceAddresses;
  /** The folder for their pid files, so that a killed run's processes are found; the stack's own one. */
  readonly dataDir: string;
  /** Each process's own, as `services` has one for all. */
  readonly databaseUrls?: ProcessUrls | undefined;
  /** Over the local settings: `PORT`, `TEMPORAL_NAMESPACE`, `LOG_LEVEL`, … */
  readonly env?: NodeJS.ProcessEnv;
  /** Over `env`, for one of them. */
  readonly envOf?: Partial<Record<ProcessName, NodeJS.ProcessEnv>>;
  /** A port for the API where `env` has no `PORT`; called again when another program takes it. Defaults to a random free one. */
  readonly takePort?: () => Promise<number>;
  /** Wait until all three are ready, not only until the API answers. */
  readonly untilReady?: boolean;
  /** Gets each line of their output, with the name in front. */
  readonly log: Log;
  /** Start one again when it dies. */
  readonly restart: boolean;
  /** Ends them too, should it run before this resolves. */
  readonly teardown?: Teardown;
  /** Called whenever a pid changed. */
  readonly onChange?: () => void;
  /** Called when one has ended and is not started again, with its exit code or signal. */
  readonly onOver?: (name: ProcessName, reason: string) => void;
}

export interface Processes {
  readonly api: { readonly pid: number; readonly url: string };
  readonly worker: { readonly pid: number };
  readonly consumer: { readonly pid: number };
  /** The address of each process for Prometheus. */
  readonly metrics: Readonly<Record<ProcessName, string>>;
  /** Sends SIGKILL by default; resolves when the process is gone. */
  kill(name: ProcessName, signal?: NodeJS.Signals): Promise<void>;
  /** Starts a process that is not running. For the API, resolves when it answers, on the port it had. */
  start(name: ProcessName): Promise<void>;
  isRunning(name: ProcessName): boolean;
  /** Ends all in good order: api, consumer, worker. */
  stop(): Promise<void>;
}

/** In the order in which they end: nothing new comes in, then nothing new is worked on. */
const NAMES = ['api', 'consumer', 'worker'] as const satisfies readonly ProcessName[];

/** How long a process may take until it answers, or is ready. */
const START_TIMEOUT_MS = 120_000;
/** Ports that are tried for one process, should other programs take each of them first. */
const MAX_PORTS = 10;
const ANSWER_TIMEOUT_MS = 5_000;

type HealthPath = '/health/live' | '/health/ready';

/**
 * Starts `api`, `worker` and `consumer` as processes of their own, on services that run and a database
 * that is migrated, and waits until the API answers, or all three are ready. Each process has an id that its health
 * routes return, so another program on its port is recognised.
 *
 * @throws PortTaken when another program has the port of `env`; the processes are stopped then
 * @throws Problem when one does not come up; the processes are stopped then
 */
export async function startProcesses(options: ProcessesOptions): Promise<Processes> {
  const ports = createPorts();
  const takeAny = (): Promise<number> => ports.take();
  const fixedPort = options.env?.PORT;
  const takers = { api: options.takePort ?? takeAny, worker: takeAny, consumer: takeAny };
  const portOf: Record<ProcessName, string> = {
    api: fixedPort ?? String(await takers.api()),
    worker: String(await takeAny()),
    consumer: String(await takeAny()),
  };
  const urlOf = (name: ProcessName): string => `http://127.0.0.1:${portOf[name]}`;
  // Several sets may run on one folder at a time: each names its pid files apart.
  const set = randomBytes(4).toString('hex');
  let stopped = false;

  options.teardown?.assertOpen();
  const start = (name: ProcessName): SupervisedProcess =>
    superviseProcess({
      script: fromRoot('dist', 'src', `${name}.js`),
      flags: memoryLimits(name).flags,
      env: {
        ...processEnvironment(options.services, { ...options.env, PORT: portOf.api }),
        ...memoryLimits(name).env,
        ...(options.databaseUrls && { DATABASE_URL: options.databaseUrls[name] }),
        ...(name !== 'api' && { METRICS_PORT: portOf[name] }),
        PAYSAGA_INSTANCE_ID: `${name}-${set}`,
        ...options.envOf?.[name],
      },
      pidFile: join(options.dataDir, 'pids', `${name}-${set}.pid`),
      log: (line) => options.log(`${name.padEnd(8)} │ ${line}`),
      restart: options.restart,
      ...(options.onChange && { onStart: options.onChange }),
      onOver: (reason) => options.onOver?.(name, reason),
    });
  const running: Record<ProcessName, SupervisedProcess> = {
    worker: start('worker'),
    consumer: start('consumer'),
    api: start('api'),
  };

  /** Whether the process answers, and not another program on its port. */
  async function answers(name: ProcessName, path: HealthPath): Promise<boolean> {
    const response = await fetch(`${urlOf(name)}${path}`, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
    await response.body?.cancel();
    return response.ok && response.headers.get(INSTANCE_HEADER) === `${name}-${set}`;
  }

  /** Waits for a process. When another program has taken its port meanwhile, starts it on the next one. */
  async function bringUp(name: ProcessName, path: HealthPath, maxPorts = MAX_PORTS): Promise<void> {
    for (let tried = 1; ; tried++) {
      const settled = async () => stopped || running[name].isOver() || (await answers(name, path));
      const up = await waitUntil(settled, { timeoutMs: START_TIMEOUT_MS, everyMs: 50 });
      if (stopped || (up && !running[name].isOver())) return;
      if (!running[name].lacksItsPort()) throw notUp(name, path);
      if (name === 'api' && fixedPort !== undefined) throw new PortTaken(fixedPort);
      if (tried === maxPorts) throw notUp(name, path);
      portOf[name] = String(await takers[name]());
      if (!stopped) running[name] = start(name);
    }
  }

  function notUp(name: ProcessName, path: string): Problem {
    const ready = path === '/health/ready' ? `; \`curl ${urlOf(name)}${path}\` says what it waits for` : '';
    return new Problem(
      running[name].isOver()
        ? `The ${name} process ended at its start; its output says why.`
        : `The ${name} process did not come up at ${urlOf(name)} within ${START_TIMEOUT_MS / 1000} s${ready}.`,
    );
  }

  async function stop(): Promise<void> {
    stopped = true;
    for (const name of NAMES) await running[name].stop();
  }

  options.teardown?.add(stop);
  try {
    await (options.untilReady
      ? Promise.all(NAMES.map((name) => bringUp(name, '/health/ready')))
      : bringUp('api', '/health/live'));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    get api() {
      return { pid: running.api.pid, url: urlOf('api') };
    },
    get worker() {
      return { pid: running.worker.pid };
    },
    get consumer() {
      return { pid: running.consumer.pid };
    },
    get metrics() {
      return {
        api: `${urlOf('api')}/metrics`,
        worker: `${urlOf('worker')}/metrics`,
        consumer: `${urlOf('consumer')}/metrics`,
      };
    },
    kill: (name, signal) => running[name].kill(signal),
    async start(name) {
      running[name].start();
      if (name === 'api') await bringUp('api', '/health/live', 1);
    },
    isRunning: (name) => running[name].isRunning(),
    stop,
  };
}
