import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Removes a `postmaster.pid` that a killed server left behind where its pid belongs to another program now. PostgreSQL
 * itself takes any live process of that pid for its predecessor, and never starts again.
 */
export function removeStaleLock(data: string): void {
  const file = join(data, 'postmaster.pid');
  const pid = Number(readFirstLine(file));
  if (Number.isInteger(pid) && pid > 0 && !commandOf(pid).includes(data)) rmSync(file, { force: true });
}

function readFirstLine(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').split('\n')[0];
  } catch {
    return undefined;
  }
}

/** The command line of a live process, which names a server's data folder; empty for none. */
function commandOf(pid: number): string {
  try {
    return process.platform === 'linux'
      ? readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      : execFileSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return '';
  }
}
