import { randomBytes } from 'node:crypto';
import { join, parse } from 'node:path';
import { startChild } from '../../dev/os/child';
import { Problem } from '../../dev/os/problem';
import { waitUntil } from '../../dev/os/wait';
import { fromRoot } from '../../dev/root';
import { isProcessName, memoryLimits } from '../../dev/stack/memory-limits';
import type { BenchStack } from './bench-stack';

export interface ProcessOptions {
  /** The built program, below `dist/`. */
  readonly program: string;
  readonly env?: NodeJS.ProcessEnv;
  /** True once it works. */
  readonly ready: () => Promise<boolean>;
}

/** A process that is measured, or is the limit of one. */
export interface BenchProcess {
  readonly pid: number;
  /** Ends it in good order; resolves when it is gone. */
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 60_000;

/** Starts a process as the stack does, and waits until it works. @throws Problem when it does not */
export async function startProcess(stack: BenchStack, { program, env, ready }: ProcessOptions): Promise<BenchProcess> {
  const { name } = parse(program);
  const limits = isProcessName(name) ? memoryLimits(name) : undefined;
  stack.teardown.assertOpen();
  const child = startChild({
    command: process.execPath,
    args: [...(limits?.flags ?? []), ...profiling(stack), fromRoot('dist', program)],
    env: { ...stack.env, ...limits?.env, ...env },
    pidFile: join(stack.dataDir, 'pids', `${name}-${randomBytes(4).toString('hex')}.pid`),
    output: (line) => stack.log(`${name} │ ${line}`),
    stopTimeoutMs: 20_000,
  });
  stack.teardown.add(() => child.stop());
  const up = await waitUntil(async () => !child.isRunning() || (await ready()), { timeoutMs: START_TIMEOUT_MS });
  if (!up || !child.isRunning()) throw new Problem(`${name} did not come up; its output above says why.`);
  return { pid: child.pid, stop: () => child.stop() };
}

const profiling = ({ profileDir }: BenchStack): string[] =>
  profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`];
