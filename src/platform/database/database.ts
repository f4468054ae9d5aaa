import { PrismaPg } from '@prisma/adapter-pg';
import type { Logger } from '../telemetry/logger';
import { type Prisma, PrismaClient } from '../prisma/client';
import { ConnectionPool } from './connection-pool';
import { readDatabaseUrl } from './database-url';
import { PLANNED_EACH_TIME, type Queryable } from './queryable';
import { sessionConfig, type SessionSettings } from './session';
import { checkNesting, OneConnectionPool } from './transaction';

/** Outside a transaction; every statement commits by itself. */
export type Database = PrismaClient;
/** Inside an interactive transaction. */
export type Tx = Prisma.TransactionClient;
export { PLANNED_EACH_TIME, type Queryable };

export interface DatabaseOptions {
  readonly url: string;
  readonly applicationName: string;
  /** Connections at most; 10 unless told. */
  readonly poolSize?: number;
  /** Fails a transaction that asks for a second connection, also while the pool has one. Not for production: it costs. */
  readonly checkNesting?: boolean;
  readonly logger: Logger;
}

/**
 * Postgres's own time-outs stay below the connection's, and those below Prisma's, because Prisma's are not
 * atomic: a statement can still commit after Prisma reported the time-out.
 */
const TIMEOUTS: SessionSettings = {
  statement_timeout: '5s',
  // How long a command queues for a row before it gives up, to be tried again.
  lock_timeout: '2s',
  idle_in_transaction_session_timeout: '15s',
};
/** To begin takes a connection and an answer. */
const TRANSACTION = { maxWait: 12_000, timeout: 15_000 };

/** Connects lazily: no connection is made before the first statement. Close with `$disconnect()`. */
export function connectDatabase(options: DatabaseOptions): Database {
  const { url, applicationName, poolSize = 10, logger } = options;
  const session = sessionConfig({ url, applicationName, settings: TIMEOUTS });
  const pool = new (options.checkNesting ? OneConnectionPool : ConnectionPool)({ ...session, max: poolSize });
  const adapter = new PrismaPg(pool, {
    schema: readDatabaseUrl(url).schema,
    disposeExternalPool: true,
    statementNameGenerator: createStatementNames(),
    onPoolError: (error) => logger.warn({ err: error }, 'database.connection_lost'),
  });
  const database = new PrismaClient({ adapter, transactionOptions: TRANSACTION });
  if (options.checkNesting) checkNesting(database);
  return database;
}

/**
 * Names make Postgres keep a statement's plan per connection: 6,700/s instead of 5,300/s on the hot
 * path. Bounded, because Prisma's own statements vary with their arguments.
 */
function createStatementNames(limit = 200) {
  const names = new Map<string, string>();
  return function statementName({ sql }: { sql: string }): string {
    if (sql.startsWith(PLANNED_EACH_TIME)) return '';
    let name = names.get(sql);
    if (name === undefined) {
      name = names.size < limit ? `s${names.size}` : '';
      if (name !== '') names.set(sql, name);
    }
    return name;
  };
}
