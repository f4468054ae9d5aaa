import { fork } from 'node:child_process';
import { fromRoot } from '../../dev/root';
import type { Teardown } from '../../dev/os/teardown';
import type { LoadResult } from './clients';
import type { LoadReport, LoadSpec } from './load-program';

/**
 * Puts a load on from a process of its own, so that making it takes no turn of what is measured.
 * @param program the built program, below `dist/bench/`
 * @throws Error with what a request failed with
 */
export async function runLoad(teardown: Teardown, program: string, spec: LoadSpec): Promise<LoadResult> {
  teardown.assertOpen();
  const child = fork(fromRoot('dist', 'bench', program), { execArgv: [] });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  teardown.add(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await ended;
  });
  const reported = new Promise<LoadReport>((resolve, reject) => {
    child.once('message', (message) => resolve(message as LoadReport));
    child.once('error', reject);
    void ended.then(() => reject(new Error(`The load program ${program} ended without a report.`)));
  });
  child.send(spec);
  const report = await reported;
  await ended;
  if ('error' in report) throw new Error(`The load failed: ${report.error}`);
  return report.result;
}
