import { AsyncLocalStorage } from 'node:async_hooks';
import type { PoolClient } from 'pg';
import type { PrismaClient, Prisma } from '../prisma/client';
import { ConnectionPool, type OnConnect } from './connection-pool';

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
