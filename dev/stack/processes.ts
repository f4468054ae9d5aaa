import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { INSTANCE_HEADER } from '../../src/platform/supervision';
import { type Log, Problem, type Teardown } from '../command';
import { fromRoot } from '../os/files';
import { createPorts, PortTaken, waitUntil } from '../os/ports';
import type { ServiceAddresses } from '../services/start-services';
import { memoryLimits, processEnvironment, type ProcessName, type ProcessUrls } from './process-environment';
import { superviseProcess, type SupervisedProcess } from './supervised-process';

/** The options of {@link startProcesses}. */
export interface ProcessesOptions {
  readonly services: ServiceAddresses;
  /** The folder of their pid files, by which the processes of a killed run are found: that of the stack. */
  readonly dataDir: string;
  /** The database URLs of the processes, instead of the one in `services`. */
  readonly databaseUrls?: ProcessUrls | undefined;
  /** Overrides of the local settings: `PORT`, `TEMPORAL_NAMESPACE`, `LOG_LEVEL` and others. */
  readonly env?: NodeJS.ProcessEnv;
  /** Overrides of `env` for single processes. */
  readonly envOf?: Partial<Record<ProcessName, NodeJS.ProcessEnv>>;
  /**
   * Returns a port for the API if `env` has no `PORT`. Called again when another program takes it. Defaults to a random
   * free port.
   */
  readonly takePort?: () => Promise<number>;
  /** Whether to wait until all three are ready, instead of only until the API answers. */
  readonly untilReady?: boolean;
  /** Gets each line of their output, after the process's name. */
  readonly log: Log;
  /** Whether to restart a process that dies. */
  readonly restart: boolean;
  /** Stops the processes as well, even if it runs during the start. */
  readonly teardown?: Teardown;
  /** Called after a pid has changed. */
  readonly onChange?: () => void;
  /** Called when a process has ended and is not restarted, with its exit code or signal. */
  readonly onOver?: (name: ProcessName, reason: string) => void;
}

/** The three running processes. */
export interface Processes {
  readonly api: { readonly pid: number; readonly url: string };
  readonly worker: { readonly pid: number };
  readonly consumer: { readonly pid: number };
  /** The metrics address of each process. */
  readonly metrics: Readonly<Record<ProcessName, string>>;
  /** Sends a signal, by default SIGKILL. Resolves when the process is gone. */
  kill(name: ProcessName, signal?: NodeJS.Signals): Promise<void>;
  /** Starts a process that does not run. For the API, resolves when it answers, on its earlier port. */
  start(name: ProcessName): Promise<void>;
  isRunning(name: ProcessName): boolean;
  /** Stops all in order: api, consumer, worker. */
  stop(): Promise<void>;
}

/** In the order of their end: first no new requests, then no new work. */
const NAMES = ['api', 'consumer', 'worker'] as const satisfies readonly ProcessName[];

/** The time limit until a process answers or is ready. */
const START_TIMEOUT_MS = 120_000;
/** The most ports to try for one process, if other programs take them first. */
const MAX_PORTS = 10;
const ANSWER_TIMEOUT_MS = 5_000;

type HealthPath = '/health/live' | '/health/ready';

/**
 * Starts `api`, `worker` and `consumer` as processes, on running services and a migrated database. Waits until the API
 * answers, or all three are ready. The health routes return each process's id, so another program on its port is
 * recognised.
 *
 * @throws PortTaken when another program has the port of `env`; the processes are stopped then
 * @throws Problem when a process does not start; the processes are stopped then
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
  // Several sets may use one folder at a time, so each has distinct names of pid files.
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

  /** Whether the process itself answers, and not another program on its port. */
  async function answers(name: ProcessName, path: HealthPath): Promise<boolean> {
    const response = await fetch(`${urlOf(name)}${path}`, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
    await response.body?.cancel();
    return response.ok && response.headers.get(INSTANCE_HEADER) === `${name}-${set}`;
  }

  /** Waits for a process. If another program has taken its port meanwhile, starts it on the next one. */
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
