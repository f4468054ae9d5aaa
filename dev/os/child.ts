import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { hasCode, Problem } from '../command';
import { signalProcess, writePidFile } from './pid-file';

/** The options of {@link startChild}. */
export interface ChildOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment. Defaults to that of this process. */
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
  /** The file for the output, or a function that gets each line. */
  readonly output: string | ((line: string) => void);
  /** The file that has its pid while it runs. */
  readonly pidFile: string;
  /** The signal for an orderly end. */
  readonly stopSignal?: NodeJS.Signals;
  /** The time for an orderly end before SIGKILL, in ms. */
  readonly stopTimeoutMs?: number;
}

/** A child process. */
export interface Child {
  readonly pid: number;
  /** Resolves when the process is gone, with the cause: `exit code 1` or `SIGKILL`. */
  readonly ended: Promise<string>;
  isRunning(): boolean;
  kill(signal: NodeJS.Signals): void;
  /** Ends it in order, or by SIGKILL after the timeout. Resolves when it is gone. */
  stop(): Promise<void>;
}

/**
 * Starts a process in a new process group. Ctrl-C in the terminal then reaches only the stack, which ends its children
 * in order.
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

/** Returns the last lines of a log file, to explain a failed start. */
export function tailOf(logFile: string, lines = 3): string {
  try {
    return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-lines).join(' | ');
  } catch {
    return 'no output';
  }
}

/** The options of {@link run}. */
export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly timeoutMs?: number;
  /** Ends the tool and rejects. */
  readonly signal?: AbortSignal;
  /** The user to run the tool as. Only root may set it. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
}

/** The result of a tool. */
export interface RunResult {
  /** The exit code, or null if the tool could not start or was killed. */
  readonly code: number | null;
  /** Standard output and standard error, in the order of arrival. */
  readonly output: string;
}

/**
 * Runs a tool to its end and collects its output. A missing tool has the code `null`.
 * @throws AbortError when the signal aborts, and nothing else
 */
export function run(
  command: string,
  args: readonly string[],
  { cwd, env, timeoutMs, signal, user }: RunOptions = {},
): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const tool = spawn(command, args, {
      cwd,
      env,
      timeout: timeoutMs,
      signal,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(user ?? {}),
    });
    let output = '';
    const collect = (chunk: Buffer): void => void (output += chunk.toString());
    tool.stdout.on('data', collect);
    tool.stderr.on('data', collect);
    tool.once('error', (error) => {
      if (error.name === 'AbortError') reject(error);
      else resolve({ code: null, output: error.message });
    });
    tool.once('close', (code) => resolve({ code, output }));
  });
}

/** Returns the last lines that are not empty, to explain a failed tool. */
export function lastLines(output: string, count = 2): string {
  const lines = output.split('\n').map((line) => line.trim());
  return lines.filter(Boolean).slice(-count).join(' ');
}
