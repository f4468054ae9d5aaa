import { AsyncLocalStorage } from 'node:async_hooks';
import { PrismaPg } from '@prisma/adapter-pg';
import type { PoolClient } from 'pg';
import type { Logger } from '../logger';
import { type Prisma, PrismaClient } from '../prisma/client';
import { ConnectionPool, type OnConnect } from './connection';
import { readDatabaseUrl } from './database-url';
import { sessionConfig, TIMEOUTS } from './session';
import { createStatementNames, PLANNED_EACH_TIME, type Queryable } from './statements';

const insideTransaction = new AsyncLocalStorage<true>();
const checked = new WeakSet<PrismaClient>();

/**
 * Runs work in an interactive transaction. All transactions are opened here. The work must use only `tx`: transactions
 * that wait for a second connection deadlock a full pool.
 */
export function inTransaction<T>(
  database: PrismaClient,
  work: (tx: Prisma.TransactionClient) => Promise<T>,
): Promise<T> {
  return database.$transaction(
    checked.has(database) ? (tx) => insideTransaction.run(true, async () => await work(tx)) : work,
  );
}

/** Makes {@link inTransaction} check nesting for a database whose pool is a {@link OneConnectionPool}. */
export const checkNesting = (database: PrismaClient): void => void checked.add(database);

/** A pool that refuses a second connection to the code of a transaction, even while connections are free. */
export class OneConnectionPool extends ConnectionPool {
  override connect(): Promise<PoolClient>;
  override connect(callback: OnConnect): void;
  override connect(callback?: OnConnect): Promise<PoolClient> | void {
    if (insideTransaction.getStore()) {
      throw new Error('A transaction asked for a second connection, which can deadlock the pool. Use its `tx`.');
    }
    return callback ? super.connect(callback) : super.connect();
  }
}

/** The database outside a transaction. Every statement commits by itself. */
export type Database = PrismaClient;
/** The database inside an interactive transaction. */
export type Tx = Prisma.TransactionClient;
/** Re-exported for files that use the database anyway. */
export { PLANNED_EACH_TIME, type Queryable };

/** The options of {@link connectDatabase}. */
export interface DatabaseOptions {
  readonly url: string;
  readonly applicationName: string;
  /** The most connections of the pool. Defaults to 10. */
  readonly poolSize?: number;
  /** Fails a transaction that takes a second connection. It costs time, so it is for tests only. */
  readonly checkNesting?: boolean;
  /** Connects through a pooler in transaction mode (docs/pgbouncer.md). */
  readonly pooled?: boolean;
  /** Names prepared statements, so that each connection keeps their plans. Defaults to true. */
  readonly preparedStatements?: boolean;
  readonly logger: Logger;
}

/** Covers the wait for a connection and for the server's answer. */
const TRANSACTION = { maxWait: 12_000, timeout: 15_000 };

/** Creates the database client. It connects at the first statement. Close it with `$disconnect()`. */
export function connectDatabase(options: DatabaseOptions): Database {
  const { url, applicationName, poolSize = 10, pooled = false, preparedStatements = true, logger } = options;
  const session = sessionConfig({ url, applicationName, settings: TIMEOUTS, pooled });
  const pool = new (options.checkNesting ? OneConnectionPool : ConnectionPool)({ ...session, max: poolSize });
  const adapter = new PrismaPg(pool, {
    schema: readDatabaseUrl(url).schema,
    disposeExternalPool: true,
    ...(preparedStatements && { statementNameGenerator: createStatementNames() }),
    onPoolError: (error) => logger.warn({ err: error }, 'database.connection_lost'),
  });
  const database = new PrismaClient({ adapter, transactionOptions: TRANSACTION });
  if (options.checkNesting) checkNesting(database);
  return database;
}
