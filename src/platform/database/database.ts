import { PrismaPg } from '@prisma/adapter-pg';
import type { Logger } from '../telemetry/logger';
import { type Prisma, PrismaClient } from '../prisma/client';
import { ConnectionPool } from './connection-pool';
import { readDatabaseUrl } from './database-url';
import { PLANNED_EACH_TIME, type Queryable } from './queryable';
import { sessionConfig, TIMEOUTS } from './session';
import { createStatementNames } from './statement-names';
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
