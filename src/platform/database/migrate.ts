import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { MigrationDirectory } from '@prisma/schema-engine-wasm';
import type { Client, ClientConfig } from 'pg';
import { packageRoot } from '../package-root';
import { wait } from '../wait';
import { Connection, watch } from './connection';
import { ConnectionPool } from './connection-pool';
import { readDatabaseUrl } from './database-url';
import { createSchemaEngine } from './schema-engine';
import { sessionConfig, type SessionSettings } from './session';

/** The folder of this version's migrations. */
export const MIGRATIONS = join(packageRoot, 'prisma', 'migrations');

export interface MigrateOptions {
  readonly databaseUrl: string;
  /** Defaults to {@link MIGRATIONS}. */
  readonly migrationsDir?: string;
}

/** A migration takes what it takes, whatever the role's own limits are. */
const NO_TIMEOUTS: SessionSettings = {
  statement_timeout: '0',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
};
/** Any fixed number of our own: Prisma's engine holds another one while it works. */
const LOCK = 7_270_419_733;
const LOCK_INTERVAL_MS = 200;

/**
 * Applies the migrations that the database does not have yet, in their order. Two processes may call it
 * at once: the second waits and finds nothing to do. It writes Prisma's own `_prisma_migrations`, so
 * `prisma migrate deploy` agrees with it, but needs no engine download.
 * @returns the names of those that were applied now
 * @throws Error when a migration fails (nothing later is applied) or the history does not fit
 */
export async function applyMigrations(options: MigrateOptions): Promise<string[]> {
  const { databaseUrl, migrationsDir = MIGRATIONS } = options;
  const migrationsList = {
    baseDir: migrationsDir,
    lockfile: await readLockfile(migrationsDir),
    shadowDbInitScript: '',
    migrationDirectories: await readMigrations(migrationsDir),
  };
  const session = sessionConfig({ url: databaseUrl, applicationName: 'paysaga-migrate', settings: NO_TIMEOUTS });
  const { schema } = readDatabaseUrl(databaseUrl);
  return exclusively(session, async (client, lost) => {
    await ensureSchema(client, schema);
    // A migration takes as long as it takes: it ends when the connection of the lock is lost.
    const pool = new ConnectionPool({ ...session, max: 1, query_timeout: 0 });
    pool.on('connect', (client) => lost.addEventListener('abort', () => void client.end()));
    const engine = await createSchemaEngine(pool, schema);
    try {
      const result = await engine.applyMigrations({
        migrationsList,
        filters: { externalTables: [], externalEnums: [] },
      });
      return result.appliedMigrationNames;
    } catch (error) {
      throw readable(error);
    } finally {
      engine.free();
      // The engine leaves its own lock to the end of the connection.
      await pool.end();
    }
  });
}

/**
 * The lock ends with its connection, so a process that dies in here blocks nobody. That connection is asked all the
 * while whether it is still there, because a silent one keeps no lock.
 */
async function exclusively<T>(
  session: ClientConfig,
  work: (client: Client, lost: AbortSignal) => Promise<T>,
): Promise<T> {
  const client = new Connection(session);
  await client.connect();
  const over = new AbortController();
  const lost = new AbortController();
  client.once('end', () => lost.abort());
  try {
    await takeLock(client);
    const watching = watch(client, over.signal);
    return await work(client, lost.signal).finally(() => {
      over.abort();
      return watching;
    });
  } finally {
    await client.end();
  }
}

async function takeLock(client: Connection): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1) AS taken', [LOCK]);
    if (rows[0]?.taken) return;
    await wait(LOCK_INTERVAL_MS);
  }
}

/** `CREATE SCHEMA IF NOT EXISTS` asks for the right to create one even where it is there. */
async function ensureSchema(client: Client, schema: string): Promise<void> {
  const found = await client.query('SELECT FROM pg_namespace WHERE nspname = $1', [schema]);
  if (found.rowCount === 0) await client.query(`CREATE SCHEMA ${client.escapeIdentifier(schema)}`);
}

async function readLockfile(directory: string) {
  const path = 'migration_lock.toml';
  const content = await readFile(join(directory, path), 'utf8').catch(() => null);
  return { path, content };
}

async function readMigrations(directory: string): Promise<MigrationDirectory[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(names.sort().map((name) => readMigration(directory, name)));
}

async function readMigration(directory: string, name: string): Promise<MigrationDirectory> {
  const path = 'migration.sql';
  const value = await readFile(join(directory, name, path), 'utf8');
  return { path: name, migrationFile: { path, content: { tag: 'ok', value } } };
}

/** The engine rejects with its own error shape; the message names the migration and Postgres's reason. */
function readable(error: unknown): Error {
  const message = error instanceof Error ? error.message : JSON.stringify(error);
  const migration = /migration_name="([^"]+)"/.exec(message)?.[1] ?? 'history';
  const reason = message.split(/\n\s+0: /)[0]?.trim() ?? message;
  return new Error(`Database migration (${migration}) failed: ${reason}`, { cause: error });
}
