import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Log } from './os/progress';
import type { Teardown } from './os/teardown';
import { fromRoot } from './root';

export interface JestOptions {
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly teardown: Teardown;
  /** Gets its lines; without it, Jest has the terminal to itself. */
  readonly log?: Log;
}

/** Runs Jest to its end. @returns its exit code */
export function runJest({ args, env, teardown, log }: JestOptions): Promise<number> {
  const output = log ? 'pipe' : 'inherit';
  const jest = spawn(process.execPath, [fromRoot('node_modules', 'jest', 'bin', 'jest.js'), ...args], {
    cwd: fromRoot(),
    stdio: ['inherit', output, output],
    env: { ...process.env, ...env },
  });
  for (const stream of [jest.stdout, jest.stderr]) if (stream && log) createInterface(stream).on('line', log);
  const ended = new Promise<number>((resolve) => jest.once('close', (code) => resolve(code ?? 1)));
  teardown.add(async () => {
    jest.kill('SIGTERM');
    await ended;
  });
  return ended;
}
