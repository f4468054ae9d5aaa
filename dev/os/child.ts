import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { hasCode, Problem } from './problem';
import { signalProcess, writePidFile } from './pid-file';

export interface ChildOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment; this process's own when absent. */
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
  /** Its output goes to this file, or line by line to this function. */
  readonly output: string | ((line: string) => void);
  /** Where its pid is noted while it lives. */
  readonly pidFile: string;
  /** Asks it to end in good order. */
  readonly stopSignal?: NodeJS.Signals;
  /** How long it gets for that before SIGKILL. */
  readonly stopTimeoutMs?: number;
}

export interface Child {
  readonly pid: number;
  /** Resolves when the process is gone, with what ended it: `exit code 1` or `SIGKILL`. */
  readonly ended: Promise<string>;
  isRunning(): boolean;
  kill(signal: NodeJS.Signals): void;
  /** Ends it in good order, by force after the time-out. Resolves when it is gone. */
  stop(): Promise<void>;
}

/**
 * Starts a process in a group of its own: Ctrl-C in the terminal reaches the stack alone, which then
 * ends its children in order.
 */
export function startChild(options: ChildOptions): Child {
  const { pidFile, stopSignal = 'SIGTERM', stopTimeoutMs = 10_000 } = options;
  const process_ = launch(options);
  const { pid } = process_;
  let running = pid !== undefined;
  const ended = new Promise<string>((resolve, reject) => {
    process_.once('error', (error) => reject(missing(options.command, error)));
    process_.once('exit', (code, signal) => {
      running = false;
      rmSync(pidFile, { force: true });
      resolve(signal ?? `exit code ${code}`);
    });
  });
  ended.catch(() => undefined);
  if (pid === undefined) throw new Problem(`${options.command} cannot be started: is it installed?`);
  writePidFile(pidFile, pid, stopSignal);

  async function stop(): Promise<void> {
    if (!running) return;
    signalProcess(process_.pid ?? 0, stopSignal);
    const force = setTimeout(() => process_.kill('SIGKILL'), stopTimeoutMs);
    await ended.finally(() => clearTimeout(force));
  }

  return {
    pid,
    ended,
    isRunning: () => running,
    kill: (signal) => void (running && process_.kill(signal)),
    stop,
  };
}

function launch({ command, args, env, cwd, user, output }: ChildOptions): ChildProcess {
  if (typeof output === 'string') mkdirSync(dirname(output), { recursive: true });
  const log = typeof output === 'string' ? openSync(output, 'a') : undefined;
  const stdio: StdioOptions = ['ignore', log ?? 'pipe', log ?? 'pipe'];
  try {
    const process_ = spawn(command, args, {
      env,
      cwd,
      stdio,
      detached: true,
      ...(user ?? {}),
    });
    if (typeof output === 'function') {
      onLines(process_.stdout, output);
      onLines(process_.stderr, output);
    }
    return process_;
  } finally {
    if (log !== undefined) closeSync(log);
  }
}

function onLines(stream: NodeJS.ReadableStream | null, handle: (line: string) => void): void {
  let rest = '';
  stream?.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    lines.forEach(handle);
  });
  stream?.on('end', () => rest && handle(rest));
}

function missing(command: string, error: Error): Error {
  return hasCode(error, 'ENOENT') ? new Problem(`${command} is not installed.`) : error;
}

/** The last lines of a log file, for the sentence that says why a service did not start. */
export function tailOf(logFile: string, lines = 3): string {
  try {
    return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-lines).join(' | ');
  } catch {
    return 'no output';
  }
}
