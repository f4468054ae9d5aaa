import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Identifies a process for good. A pid is soon reused; together with the start time it is unique. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque. Two processes with the same pid never share it. */
  readonly started: string;
}

function startedOnLinux(pid: number): string | undefined {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field, the name, may contain spaces and brackets, so fields are counted from its last bracket.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, ticks] = [fields[0], fields[19]];
  if (state === 'Z' || ticks === undefined) return undefined;
  return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${ticks}`;
}

function startedByPs(pid: number): string | undefined {
  const started = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
  return started.trim() || undefined;
}

/** Returns the identity of a live process, or undefined if no process has this pid. A zombie does not count. */
export function identify(pid: number): ProcessIdentity | undefined {
  try {
    const started = process.platform === 'linux' ? startedOnLinux(pid) : startedByPs(pid);
    return started === undefined ? undefined : { pid, started };
  } catch {
    return undefined;
  }
}

/** Whether exactly that process lives. */
export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.started === identity.started;
}

/** The content of a pid file: the process, and the signal for its orderly end. */
interface Entry extends ProcessIdentity {
  readonly stopSignal: NodeJS.Signals;
}

/** Records a new child, so that the next start finds it if this process is killed. */
export function writePidFile(path: string, pid: number, stopSignal: NodeJS.Signals): void {
  const identity = identify(pid);
  if (identity === undefined) return;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify({ ...identity, stopSignal } satisfies Entry));
}

function readPidFile(path: string): Entry | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Entry;
  } catch {
    return undefined;
  }
}

/** Sends a signal and returns whether the process existed. */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

async function waitForEnd(identity: ProcessIdentity, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (isAlive(identity)) {
    if (Date.now() > deadline) return false;
    await delay(25);
  }
  return true;
}

/**
 * Ends the processes that a killed stack left behind. A process whose start time differs from the recorded one has
 * reused the pid and is left alone.
 * @returns the names of the ended processes
 */
export async function stopLeftovers(directory: string): Promise<string[]> {
  const stopped: string[] = [];
  const files = listPidFiles(directory);
  await Promise.all(
    files.map(async (file) => {
      const path = join(directory, file);
      const entry = readPidFile(path);
      if (entry !== undefined && isAlive(entry)) {
        signalProcess(entry.pid, entry.stopSignal);
        if (!(await waitForEnd(entry, 8000))) {
          signalProcess(entry.pid, 'SIGKILL');
          await waitForEnd(entry, 2000);
        }
        stopped.push(file.replace(/\.pid$/, ''));
      }
      rmSync(path, { force: true });
    }),
  );
  return stopped;
}

function listPidFiles(directory: string): string[] {
  try {
    return readdirSync(directory).filter((file) => file.endsWith('.pid'));
  } catch {
    return [];
  }
}
