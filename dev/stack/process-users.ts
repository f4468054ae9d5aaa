import { randomBytes } from 'node:crypto';
import { withConnection } from '../../src/platform/database/connection';
import { sessionConfig } from '../../src/platform/database/session';
import type { ProcessName } from './process-environment';

/** The database as each process connects to it. */
export type ProcessUrls = Readonly<Record<ProcessName, string>>;

const PROCESSES = ['api', 'worker', 'consumer'] as const satisfies readonly ProcessName[];

/**
 * Makes a user for each process, with a new password: members of the processes' roles, who may nothing else. Their names
 * have the database's, because users belong to the whole cluster.
 */
export async function createProcessUsers(databaseUrl: string): Promise<ProcessUrls> {
  const password = randomBytes(18).toString('base64url');
  const urls = {} as Record<ProcessName, string>;
  await withConnection(sessionOf(databaseUrl), async (client) => {
    for (const process of PROCESSES) {
      const user = userOf(databaseUrl, process);
      const found = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [user]);
      const verb = found.rowCount === 0 ? 'CREATE' : 'ALTER';
      await client.query(`${verb} ROLE ${client.escapeIdentifier(user)} LOGIN PASSWORD '${password}'`);
      await client.query(`GRANT paysaga_${process} TO ${client.escapeIdentifier(user)}`);
      const url = new URL(databaseUrl);
      [url.username, url.password] = [encodeURIComponent(user), password];
      urls[process] = url.href;
    }
  });
  return urls;
}

/** Drops the users of a database that is gone. */
export async function dropProcessUsers(databaseUrl: string): Promise<void> {
  const server = new URL(databaseUrl);
  server.pathname = '/postgres';
  await withConnection(sessionOf(server.href), async (client) => {
    for (const process of PROCESSES) {
      await client.query(`DROP ROLE IF EXISTS ${client.escapeIdentifier(userOf(databaseUrl, process))}`);
    }
  });
}

const userOf = (databaseUrl: string, process: ProcessName): string =>
  `local_${decodeURIComponent(new URL(databaseUrl).pathname.slice(1))}_${process}`;

const sessionOf = (url: string) => sessionConfig({ url, applicationName: 'paysaga-dev' });
