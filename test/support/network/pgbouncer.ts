import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { startChild } from '../../../dev/os/child';
import { createPorts } from '../../../dev/os/ports';
import { postgresUser } from '../../../dev/services/postgres-install';
import { eventually } from '../../../testing/eventually';
import { dataFolder } from '../e2e-stack';
import type { PgbouncerProgram } from './pgbouncer-install';

export interface PgbouncerOptions extends PgbouncerProgram {
  /** One database, with each user that may come; their passwords are in the URLs. */
  readonly urls: readonly string[];
  /** Server connections of each user. */
  readonly poolSize: number;
  readonly settings?: Readonly<Record<string, string>>;
}

export interface Pgbouncer {
  /** The same database and user, through the pooler. */
  through(url: string): string;
  /** A command of its console. */
  command<Row>(text: string): Promise<Row[]>;
  stop(): Promise<void>;
}

/** A PgBouncer in transaction mode, as a process of its own. Loopback only. */
export async function startPgbouncer({ command, env, urls, poolSize, settings }: PgbouncerOptions): Promise<Pgbouncer> {
  const [first = ''] = urls;
  const server = new URL(first);
  const port = await createPorts().take();
  const folder = await mkdtemp(join(tmpdir(), 'paysaga-pgbouncer-'));
  await chmod(folder, 0o755);
  const users = urls
    .map((url) => new URL(url))
    .map(({ username, password }) => [decodeURIComponent(username), password]);
  await writeFile(join(folder, 'users.txt'), users.map(([name, password]) => `"${name}" "${password}"\n`).join(''));
  const ini = {
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: '',
    auth_type: 'scram-sha-256',
    auth_file: join(folder, 'users.txt'),
    admin_users: users[0]?.[0],
    pool_mode: 'transaction',
    default_pool_size: poolSize,
    max_client_conn: 500,
    ...settings,
  };
  const lines = [
    '[databases]',
    `* = host=${server.hostname} port=${server.port}`,
    '[pgbouncer]',
    ...Object.entries(ini).map(([name, value]) => `${name} = ${value}`),
  ];
  await writeFile(join(folder, 'pgbouncer.ini'), `${lines.join('\n')}\n`);
  const child = startChild({
    command,
    args: [join(folder, 'pgbouncer.ini')],
    env: { ...process.env, ...env },
    cwd: '/',
    user: await postgresUser(),
    output: join(dataFolder(), 'logs', 'pgbouncer.log'),
    pidFile: join(dataFolder(), 'pids', `pgbouncer-${port}.pid`),
    stopSignal: 'SIGINT',
  });

  const through = (url: string): string => {
    const changed = new URL(url);
    [changed.hostname, changed.port] = ['127.0.0.1', String(port)];
    return changed.href;
  };
  async function ask<Row>(text: string): Promise<Row[]> {
    const console = new URL(through(first));
    console.pathname = '/pgbouncer';
    const client = new Client({ connectionString: console.href });
    await client.connect();
    try {
      return (await client.query(text)).rows as Row[];
    } finally {
      await client.end();
    }
  }
  const stop = async (): Promise<void> => {
    await child.stop();
    await rm(folder, { recursive: true, force: true });
  };

  try {
    await eventually(async () => void (await ask('SHOW VERSION')), { deadlineMs: 10_000 });
  } catch (error) {
    await stop();
    throw error;
  }
  return { through, command: ask, stop };
}
