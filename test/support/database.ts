import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { connectDatabase, type Database } from '../../src/platform/database/database';
import { applyMigrations } from '../../src/platform/database/migrate';
import { sessionConfig } from '../../src/platform/database/session';
import { silentLogger } from './logger';

export interface TestDatabase {
  readonly name: string;
  readonly url: string;
  /** As the product connects. */
  readonly database: Database;
  /** One statement outside the product, for arranging and looking. */
  query<Row>(sql: string, ...values: unknown[]): Promise<Row[]>;
  /** Empties these tables and all that refer to them, also the append-only ones. */
  empty(...tables: string[]): Promise<void>;
  /** Disconnects and drops it. */
  close(): Promise<void>;
}

const MIGRATIONS = join(__dirname, '..', '..', 'prisma', 'migrations');
/** Any fixed number: one process at a time makes the template. */
const TEMPLATE_LOCK = 7_270_419_801;

/** A database of the test file's own, with the schema and nothing in it. Call `close` in `afterAll`. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await asAdmin(async (admin) => {
    await admin.query(`CREATE DATABASE ${name} TEMPLATE ${await ensureTemplate(admin)}`);
  });
  const url = urlOf(name);
  const database = connectDatabase({ url, applicationName: 'paysaga-test', checkNesting: true, logger: silentLogger });
  const client = new Client(sessionConfig({ url, applicationName: 'paysaga-test-look' }));
  await client.connect();
  return {
    name,
    url,
    database,
    query: async <Row>(sql: string, ...values: unknown[]) => (await client.query(sql, values)).rows as Row[],
    async empty(...tables) {
      // One message is one transaction. As a replica, the session passes the triggers that refuse it.
      await client.query(`SET LOCAL session_replication_role = replica; TRUNCATE ${tables.join(', ')} CASCADE`);
    },
    async close() {
      await Promise.all([database.$disconnect(), client.end()]);
      await asAdmin((admin) => admin.query(`DROP DATABASE ${name} WITH (FORCE)`));
    },
  };
}

/** Made once for each content of `prisma/migrations`; copying it takes a fraction of applying them. */
async function ensureTemplate(admin: Client): Promise<string> {
  const migrations = readdirSync(MIGRATIONS, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => readFileSync(join(MIGRATIONS, entry.name, 'migration.sql'), 'utf8'));
  const template = `test_template_${createHash('sha256').update(migrations.join()).digest('hex').slice(0, 12)}`;

  await admin.query('SELECT pg_advisory_lock($1)', [TEMPLATE_LOCK]);
  try {
    const { rowCount } = await admin.query('SELECT FROM pg_database WHERE datname = $1', [template]);
    if (rowCount === 0) {
      const unfinished = `${template}_unfinished`;
      await admin.query(`DROP DATABASE IF EXISTS ${unfinished}`);
      await admin.query(`CREATE DATABASE ${unfinished}`);
      await applyMigrations({ databaseUrl: urlOf(unfinished) });
      await admin.query(`ALTER DATABASE ${unfinished} RENAME TO ${template}`);
    }
    return template;
  } finally {
    await admin.query('SELECT pg_advisory_unlock($1)', [TEMPLATE_LOCK]);
  }
}

const asAdmin = (work: (admin: Client) => Promise<unknown>): Promise<void> => withClient(serverUrl(), work);

async function withClient(url: string, work: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client(sessionConfig({ url, applicationName: 'paysaga-test-admin' }));
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

function serverUrl(): string {
  const url = process.env.DATABASE_URL;
  if (!url) throw new Error('DATABASE_URL is not set: run the tests with `npm test`.');
  return url;
}

function urlOf(name: string): string {
  const url = new URL(serverUrl());
  url.pathname = `/${name}`;
  return url.href;
}
