import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { chmod, chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Client } from 'pg';
import { Problem } from '../command';
import { lastLines, run } from '../os/child';
import { launch, type ServiceContext } from './launch';
import { postgresData, postgresHome, postgresUser, type PostgresUser } from './postgres-install';

/** The user, password and database of the local cluster, which listens on loopback only. */
const NAME = 'paysaga';

/** Enough for the three processes, a whole test suite and a benchmark on one small machine. */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '300',
  shared_buffers: '256MB',
  max_wal_size: '2GB',
};

/** Starts the local cluster. @returns the URL of its database, which is empty on the first start */
export async function startPostgres(context: ServiceContext): Promise<string> {
  const user = await postgresUser();
  const home = await postgresHome(user);
  const data = postgresData(context.dataDir, user);
  if (!existsSync(join(data, 'PG_VERSION'))) await initialise(home, data, user);
  await assertSameMajor(home, data);
  const settings = Object.entries({ ...SETTINGS, ...context.postgresSettings }).flatMap(([key, value]) => [
    '-c',
    `${key}=${value}`,
  ]);
  const [port = 0] = await launch(context, {
    name: 'postgres',
    title: 'PostgreSQL',
    ports: { postgres: 5432 },
    command: ([port]) => {
      removeStaleLock(data);
      return {
        command: join(home, 'bin', 'postgres'),
        args: ['-D', data, '-p', String(port), ...settings],
        cwd: '/',
        user,
        stopSignal: 'SIGINT',
      };
    },
    ready: ([port = 0]) => answers(databaseUrl(port, 'postgres')),
    timeoutMs: 60_000,
  });
  await createDatabase(databaseUrl(port, 'postgres'), NAME);
  return databaseUrl(port, NAME);
}

function databaseUrl(port: number, database: string): string {
  return `postgresql://${NAME}:${NAME}@127.0.0.1:${port}/${database}`;
}

async function answers(connectionString: string): Promise<boolean> {
  const client = new Client({ connectionString, connectionTimeoutMillis: 2000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end();
  }
}

/**
 * Creates a database if it does not exist.
 * @param url of any database of the same cluster
 * @returns the URL of the database
 */
export async function createDatabase(url: string, name: string): Promise<string> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
  const created = new URL(url);
  created.pathname = `/${encodeURIComponent(name)}`;
  return created.href;
}

/** Drops a database and ends the connections to it. No-op when there is none. */
export async function dropDatabase(url: string): Promise<void> {
  const server = new URL(url);
  const name = decodeURIComponent(server.pathname.slice(1));
  server.pathname = '/postgres';
  const client = new Client({ connectionString: server.href });
  await client.connect();
  try {
    await client.query(`DROP DATABASE IF EXISTS ${client.escapeIdentifier(name)} WITH (FORCE)`);
  } finally {
    await client.end();
  }
}

/** Creates the cluster beside its place and renames it, so that an interrupted start leaves no partial cluster. */
async function initialise(home: string, data: string, user: PostgresUser): Promise<void> {
  const unfinished = `${data}.new`;
  const passwordFile = `${data}.password`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(dirname(data), { recursive: true });
  if (user) await chmod(dirname(data), 0o755);
  await mkdir(unfinished, { mode: 0o700 });
  await writeFile(passwordFile, NAME, { mode: 0o600 });
  if (user) for (const path of [unfinished, passwordFile]) await chown(path, user.uid, user.gid);
  const locale = ['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'];
  const { code, output } = await run(
    join(home, 'bin', 'initdb'),
    [`--pgdata=${unfinished}`, `--username=${NAME}`, `--pwfile=${passwordFile}`, '--auth=scram-sha-256', ...locale],
    { cwd: '/', user, env: { ...process.env, LC_ALL: 'C' } },
  );
  await rm(passwordFile, { force: true });
  if (code !== 0) throw new Problem(`PostgreSQL's data folder could not be made: ${lastLines(output)}`);
  await rm(data, { recursive: true, force: true });
  await rename(unfinished, data);
}

/** Refuses a cluster of another major version with a clear message, because PostgreSQL cannot open it. */
async function assertSameMajor(home: string, data: string): Promise<void> {
  const { output } = await run(join(home, 'bin', 'postgres'), ['--version'], { cwd: '/' });
  const have = /(\d+)/.exec(output)?.[1];
  const made = (await readFile(join(data, 'PG_VERSION'), 'utf8')).trim();
  if (have !== made)
    throw new Problem(`The local data was made by PostgreSQL ${made}, this is ${have}: \`npm run reset\` starts anew.`);
}

/**
 * Removes the `postmaster.pid` of a killed server whose pid belongs to another program now. PostgreSQL would treat that
 * program as its predecessor, and never start.
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

/**
 * Returns the command line of a live process, which has the server's data folder, or an empty text without a process.
 */
function commandOf(pid: number): string {
  try {
    return process.platform === 'linux'
      ? readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      : execFileSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return '';
  }
}
