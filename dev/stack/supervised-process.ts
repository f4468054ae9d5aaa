import { setTimeout as delay } from 'node:timers/promises';
import { exitCodes } from '../../src/platform/supervision';
import { startChild, type Child } from '../os/child';

export interface SupervisedOptions {
  /** The built script that `node` runs. */
  readonly script: string;
  /** Additional options for `node`. */
  readonly flags?: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly pidFile: string;
  /** Gets its output line by line, and what happens to it. */
  readonly log: (line: string) => void;
  /** Start it again when it dies. */
  readonly restart: boolean;
  /** Told after each start, so also after a restart. */
  readonly onStart?: () => void;
  /** Called when it has ended and is not started again, with its exit code or signal. */
  readonly onOver?: (reason: string) => void;
}

export interface SupervisedProcess {
  /** Of the process that runs now, or ran last. */
  readonly pid: number;
  isRunning(): boolean;
  /** True when it ended and does not come back by itself. */
  isOver(): boolean;
  /** True when it ended because another program has its port. */
  lacksItsPort(): boolean;
  /** Starts it when it does not run. */
  start(): void;
  /** Ends it at once, and resolves when it is gone; it comes back only where `restart` is on. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Ends it in good order, for good. */
  stop(): Promise<void>;
}

/** A process that lived this long was sound: its next restart is quick again. */
const SOUND_AFTER_MS = 10_000;
const FIRST_DELAY_MS = 200;
const LONGEST_DELAY_MS = 5_000;

const ADDRESS_TAKEN = `exit code ${exitCodes.addressTaken}`;

/** Ends that another start with the same environment would only repeat. */
const FINAL = [`exit code ${exitCodes.configuration}`, ADDRESS_TAKEN];

/**
 * Starts a process and, where asked, starts it again when it dies, after 200 ms, doubling up to 5 s. A wrong
 * configuration and a taken port are final.
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
