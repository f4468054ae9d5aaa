import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { hasCode, Problem } from '../command';
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
 * Starts a process in a new process group: Ctrl-C in the terminal reaches the stack alone, which then
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

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly timeoutMs?: number;
  /** Ends the tool, and rejects. */
  readonly signal?: AbortSignal;
  /** Whom it runs as; only root can say. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
}

export interface RunResult {
  /** 0 when it went well; null when it could not be started or was killed. */
  readonly code: number | null;
  /** Standard output and standard error, in the order they came. */
  readonly output: string;
}

/**
 * Runs a tool to its end and collects what it printed. A missing tool is `code: null`.
 * @throws AbortError when the signal asked for it, and nothing else
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

/** The last lines that say something, for the sentence that explains a failed tool. */
export function lastLines(output: string, count = 2): string {
  const lines = output.split('\n').map((line) => line.trim());
  return lines.filter(Boolean).slice(-count).join(' ');
}
