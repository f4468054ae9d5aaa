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
 * Runs work in an interactive transaction: the one way to open one. The work uses `tx` alone, because a transaction that
 * waits for a second connection deadlocks a pool that is full of its like.
 */
export function inTransaction<T>(
  database: PrismaClient,
  work: (tx: Prisma.TransactionClient) => Promise<T>,
): Promise<T> {
  return database.$transaction(
    checked.has(database) ? (tx) => insideTransaction.run(true, async () => await work(tx)) : work,
  );
}

/** Makes {@link inTransaction} of this database tell its pool, a {@link OneConnectionPool}, who is inside. */
export const checkNesting = (database: PrismaClient): void => void checked.add(database);

/** A pool that refuses a second connection to a transaction's own code: at once, and not only when it is full. */
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
  /** Through a pooler in transaction mode (docs/pgbouncer.md). */
  readonly pooled?: boolean;
  /** Named, so that each connection keeps their plans; true unless told. */
  readonly preparedStatements?: boolean;
  readonly logger: Logger;
}

/** To begin takes a connection and an answer. */
const TRANSACTION = { maxWait: 12_000, timeout: 15_000 };

/** Connects lazily: no connection is made before the first statement. Close with `$disconnect()`. */
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
