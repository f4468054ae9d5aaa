import { createHash, randomUUID } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Client, type ClientConfig, DatabaseError } from 'pg';
import { packageRoot } from '../package-root';
import { wait } from '../timing';
import { inOneTransaction, watch, withConnection } from './connection';
import { sqlState } from './database-error';
import { readDatabaseUrl } from './database-url';
import { sessionConfig, type SessionSettings } from './session';

/** The folder of this version's migrations. */
export const MIGRATIONS = join(packageRoot, 'prisma', 'migrations');

/** The options of {@link applyMigrations}. */
export interface MigrateOptions {
  readonly databaseUrl: string;
  /** Defaults to {@link MIGRATIONS}. */
  readonly migrationsDir?: string;
}

/** A folder of migrations with the text of its `migration.sql`. */
interface Migration {
  readonly name: string;
  readonly sql: string;
}

/** A migration may take any time, regardless of the role's limits. */
const NO_TIMEOUTS: SessionSettings = {
  statement_timeout: '0',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
};
/** The lock of Prisma's own engine, so that this code and `prisma migrate deploy` exclude each other. */
const LOCK = 72_707_369;
const LOCK_INTERVAL_MS = 200;
/** PostgreSQL's refusal of a statement that must run outside a transaction. */
const NOT_IN_TRANSACTION = '25001';

/**
 * Applies the missing migrations in the order of their names. Safe to call from several processes at once: the second
 * waits and finds nothing to do. Writes Prisma's own rows, so `prisma migrate` agrees.
 *
 * A migration and its row are one transaction: it applies entirely or not at all. Only a file with a single statement
 * that no transaction allows (`CREATE INDEX CONCURRENTLY`) runs outside of one.
 *
 * A failed migration is rolled back and leaves an unfinished row, as with Prisma. Later calls fail until an operator
 * resolves it. Rows of unknown or edited migrations count as applied, as with Prisma.
 *
 * @returns the names of the migrations that this call applied
 * @throws Error when a migration fails (nothing later is applied), one failed before, or the schema holds other tables
 */
export async function applyMigrations(options: MigrateOptions): Promise<string[]> {
  const { databaseUrl, migrationsDir = MIGRATIONS } = options;
  const migrations = await readMigrations(migrationsDir);
  const session = sessionConfig({ url: databaseUrl, applicationName: 'paysaga-migrate', settings: NO_TIMEOUTS });
  return whileServerAnswers(session, async (client) => {
    // The lock ends with this connection, but not before the server has run what a killed process sent.
    await takeLock(client);
    const table = await ensureTable(client, readDatabaseUrl(databaseUrl).schema);
    const recorded = await readRecorded(client, table);
    const missing = migrations.filter(({ name }) => !recorded.has(name));
    for (const migration of missing) await apply(client, table, migration);
    return missing.map(({ name }) => name);
  });
}

/** Lists the migrations of a folder in the order in which they apply. */
export const migrationNames = async (directory: string): Promise<string[]> =>
  (await readdir(directory, { withFileTypes: true }))
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();

const readMigrations = async (directory: string): Promise<Migration[]> =>
  Promise.all(
    (await migrationNames(directory)).map(async (name) => ({
      name,
      sql: await readFile(join(directory, name, 'migration.sql'), 'utf8'),
    })),
  );

/** Runs work without a time limit, on a connection that is closed when the server no longer answers a second one. */
const whileServerAnswers = <T>(session: ClientConfig, work: (client: Client) => Promise<T>): Promise<T> =>
  withConnection(session, (second) =>
    withConnection({ ...session, query_timeout: 0 }, async (client) => {
      const over = new AbortController();
      second.once('end', () => void client.end());
      const watching = watch(second, over.signal);
      try {
        return await work(client);
      } finally {
        over.abort();
        await watching;
      }
    }),
  );

/** Polls for the lock. `CREATE INDEX CONCURRENTLY` would wait for a statement that itself waits for the lock. */
async function takeLock(client: Client): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1) AS taken', [LOCK]);
    if (rows[0]?.taken) return;
    await wait(LOCK_INTERVAL_MS);
  }
}

/**
 * Creates the schema and the table where they are missing. `IF NOT EXISTS` would need the right to create them even
 * where they exist.
 * @returns the table's name in SQL
 */
async function ensureTable(client: Client, schema: string): Promise<string> {
  const { rows } = await client.query<{ table: string | null }>(
    `SELECT relname AS "table" FROM pg_namespace LEFT JOIN pg_class ON relnamespace = pg_namespace.oid AND relkind = 'r'
     WHERE nspname = $1`,
    [schema],
  );
  const table = `${client.escapeIdentifier(schema)}._prisma_migrations`;
  const tables = rows.flatMap((row) => row.table ?? []);
  if (tables.includes('_prisma_migrations')) return table;
  if (tables.length > 0) {
    throw new Error(
      `The schema ${schema} has tables (${tables[0]}) but no _prisma_migrations. Migrate an empty schema, or record what it ` +
        'has by `prisma migrate resolve --applied` (https://pris.ly/d/migrate-baseline).',
    );
  }
  if (rows.length === 0) await client.query(`CREATE SCHEMA ${client.escapeIdentifier(schema)}`);
  await client.query(
    `CREATE TABLE ${table} (
       id varchar(36) PRIMARY KEY, checksum varchar(64) NOT NULL, finished_at timestamptz,
       migration_name varchar(255) NOT NULL, logs text, rolled_back_at timestamptz,
       started_at timestamptz NOT NULL DEFAULT now(), applied_steps_count integer NOT NULL DEFAULT 0)`,
  );
  return table;
}

/** Reads the applied migrations. @throws Error with instructions when one of them is unfinished */
async function readRecorded(client: Client, table: string): Promise<ReadonlySet<string>> {
  const { rows } = await client.query<{ name: string; started: string; finished: boolean; logs: string | null }>(
    `SELECT migration_name AS name, started_at::text AS started, finished_at IS NOT NULL AS finished, logs
     FROM ${table} WHERE rolled_back_at IS NULL ORDER BY started_at`,
  );
  const failed = rows.find(({ finished }) => !finished);
  if (!failed) return new Set(rows.map(({ name }) => name));
  const { name, started, logs } = failed;
  throw new Error(
    `Database migration (${name}) began at ${started} and did not finish${logs ? ` (${logs.trim()})` : ''}. None is applied ` +
      'until that is resolved: once its cause is repaired and nothing of it is in the database, run ' +
      `\`UPDATE ${table} SET rolled_back_at = now() WHERE migration_name = '${name}' AND finished_at IS NULL;\` ` +
      'there, and then `paysaga setup database`.',
  );
}

async function apply(client: Client, table: string, { name, sql }: Migration): Promise<void> {
  const id = randomUUID();
  const checksum = createHash('sha256').update(sql).digest('hex');
  const { rows } = await client.query<{ now: string }>('SELECT clock_timestamp()::text AS now');
  const record = (finished: boolean, logs: string | null = null) =>
    client.query(
      `INSERT INTO ${table} (id, checksum, migration_name, started_at, finished_at, applied_steps_count, logs)
       VALUES ($1, $2, $3, $4, CASE WHEN $5 THEN clock_timestamp() END, $5::boolean::integer, $6)
       ON CONFLICT (id) DO UPDATE SET (finished_at, applied_steps_count, logs) =
         (EXCLUDED.finished_at, EXCLUDED.applied_steps_count, EXCLUDED.logs)`,
      [id, checksum, name, rows[0]?.now, finished, logs],
    );
  const inside = () =>
    inOneTransaction(client, async () => {
      await client.query(sql);
      await record(true);
    });
  const outside = async () => {
    await record(false);
    await client.query(sql);
    await record(true);
  };
  try {
    await inside().catch((error: unknown) => {
      if (sqlState(error) !== NOT_IN_TRANSACTION) throw error;
      return outside();
    });
  } catch (error) {
    const reason = reasonOf(error);
    await record(false, reason).catch(() => undefined);
    throw new Error(`Database migration (${name}) failed: ${reason}`, { cause: error });
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error instanceof DatabaseError && error.detail ? `${error.message}: ${error.detail}` : error.message;
}
