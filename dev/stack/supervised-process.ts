import { setTimeout as delay } from 'node:timers/promises';
import { exitCodes } from '../../src/platform/supervision';
import { startChild, type Child } from '../os/child';

/** The options of {@link superviseProcess}. */
export interface SupervisedOptions {
  /** The built script for `node`. */
  readonly script: string;
  /** Additional options of `node`. */
  readonly flags?: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly pidFile: string;
  /** Gets its output line by line, and what happens to it. */
  readonly log: (line: string) => void;
  /** Whether to restart it when it dies. */
  readonly restart: boolean;
  /** Called after each start and restart. */
  readonly onStart?: () => void;
  /** Called when it has ended and is not restarted, with its exit code or signal. */
  readonly onOver?: (reason: string) => void;
}

/** A supervised process. */
export interface SupervisedProcess {
  /** The pid of the present process, or of the last one. */
  readonly pid: number;
  isRunning(): boolean;
  /** Whether it has ended and is not restarted. */
  isOver(): boolean;
  /** Whether it has ended because another program has its port. */
  lacksItsPort(): boolean;
  /** Starts it when it does not run. */
  start(): void;
  /** Kills it and resolves when it is gone. It restarts only if `restart` is on. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Ends it in order, without a restart. */
  stop(): Promise<void>;
}

/** After a run of this length, the next restart is quick again. */
const SOUND_AFTER_MS = 10_000;
const FIRST_DELAY_MS = 200;
const LONGEST_DELAY_MS = 5_000;

const ADDRESS_TAKEN = `exit code ${exitCodes.addressTaken}`;

/** Ends that another start with the same environment would repeat. */
const FINAL = [`exit code ${exitCodes.configuration}`, ADDRESS_TAKEN];

/**
 * Starts a process and, with `restart`, restarts it when it dies: after 200 ms, doubling up to 5 s. It is not restarted
 * for a wrong configuration or a taken port.
 */
export function superviseProcess(options: SupervisedOptions): SupervisedProcess {
  const { log, restart } = options;
  let child = launch();
  let stopping = false;
  let over = false;
  let lastEnd = '';
  let failures = 0;

  function launch(): Child {
    const started = startChild({
      command: process.execPath,
      args: ['--enable-source-maps', ...(options.flags ?? []), options.script],
      env: options.env,
      output: log,
      pidFile: options.pidFile,
      stopTimeoutMs: 20_000,
    });
    const startedAt = Date.now();
    void started.ended.then((reason) => onEnd(reason, Date.now() - startedAt));
    return started;
  }

  async function onEnd(reason: string, livedMs: number): Promise<void> {
    if (stopping) return;
    lastEnd = reason;
    over = !restart || FINAL.includes(reason);
    if (over) {
      log(`ended: ${reason}`);
      return options.onOver?.(reason);
    }
    failures = livedMs > SOUND_AFTER_MS ? 1 : failures + 1;
    log(`ended: ${reason}; it is started again`);
    await delay(Math.min(FIRST_DELAY_MS * 2 ** (failures - 1), LONGEST_DELAY_MS));
    start();
  }

  function start(): void {
    if (stopping || child.isRunning()) return;
    over = false;
    child = launch();
    options.onStart?.();
  }

  return {
    get pid() {
      return child.pid;
    },
    isRunning: () => child.isRunning(),
    isOver: () => over,
    lacksItsPort: () => over && lastEnd === ADDRESS_TAKEN,
    start,
    async kill(signal = 'SIGKILL') {
      const killed = child;
      killed.kill(signal);
      await killed.ended;
    },
    async stop() {
      stopping = true;
      await child.stop();
    },
  };
}
