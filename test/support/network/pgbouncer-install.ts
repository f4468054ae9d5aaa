import { spawnSync } from 'node:child_process';
import { chmod, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem } from '../../../dev/command';
import { lastLines, run } from '../../../dev/os/child';
import { cacheDirectory, once } from '../../../dev/os/files';

export interface PgbouncerProgram {
  readonly command: string;
  /** Where its libraries are, as far as the system has not got them. */
  readonly env: NodeJS.ProcessEnv;
  /** As in `[1, 18]`. */
  readonly version: readonly [number, number];
}

/** Debian's, unpacked beside the system: installed, it would start a service. */
const PACKAGES = ['pgbouncer', 'libc-ares2', 'libevent-2.1-7'];
/** Where root keeps what the user of PostgreSQL has to reach, too. */
const ROOT_STATE = '/var/lib/paysaga';

/**
 * `pgbouncer` on PATH, or Debian's package, downloaded once for this machine.
 *
 * @throws Problem when there is neither
 */
export async function findPgbouncer(): Promise<PgbouncerProgram> {
  const installed = await versionOf('pgbouncer', {});
  if (installed) return { command: 'pgbouncer', env: {}, version: installed };
  const folder = await once(join(process.getuid?.() === 0 ? ROOT_STATE : cacheDirectory(), 'pgbouncer'), download);
  const command = join(folder, 'usr', 'sbin', 'pgbouncer');
  const libraries = join(folder, 'usr', 'lib');
  const folders = (await readdir(libraries, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const env = { LD_LIBRARY_PATH: folders.map(({ name }) => join(libraries, name)).join(':') };
  const version = await versionOf(command, env);
  if (!version)
    throw new Problem(`${command} does not run: install PgBouncer (on Debian: \`apt-get install pgbouncer\`).`);
  return { command, env, version };
}

/** Whether the one that is installed has `max_prepared_statements` (1.21). */
export function knowsPreparedStatements(): boolean {
  const { stdout } = spawnSync('pgbouncer', ['--version'], { encoding: 'utf8' });
  const [, major = '1', minor = '0'] = /PgBouncer (\d+)\.(\d+)/.exec(stdout ?? '') ?? [];
  return Number(major) > 1 || Number(minor) >= 21;
}

async function versionOf(command: string, env: NodeJS.ProcessEnv): Promise<[number, number] | undefined> {
  const { code, output } = await run(command, ['--version'], { env: { ...process.env, ...env } });
  const [, major, minor] = /PgBouncer (\d+)\.(\d+)/.exec(output) ?? [];
  return code === 0 && major && minor ? [Number(major), Number(minor)] : undefined;
}

async function download(into: string): Promise<void> {
  await chmod(into, 0o755);
  const get = () => run('apt-get', ['download', ...PACKAGES], { cwd: into });
  let result = await get();
  if (result.code !== 0) {
    await run('apt-get', ['update']);
    result = await get();
  }
  if (result.code !== 0) {
    throw new Problem(
      `The test of PgBouncer needs it, and Debian's package cannot be had: install pgbouncer. ${lastLines(result.output)}`,
    );
  }
  for (const file of (await readdir(into)).filter((name) => name.endsWith('.deb'))) {
    const { code, output } = await run('dpkg', ['-x', file, '.'], { cwd: into });
    if (code !== 0) throw new Problem(`${file} cannot be unpacked: ${lastLines(output)}`);
  }
}
