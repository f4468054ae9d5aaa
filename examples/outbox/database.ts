import type { Queryable } from 'paysaga/outbox';
import { Pool, type PoolClient } from 'pg';

export const openPool = (): Pool => new Pool({ connectionString: process.env.DATABASE_URL, max: 5 });

/** `pg` with the two calls that every Prisma client has. */
export const queryable = (client: Pool | PoolClient): Queryable => ({
  $queryRawUnsafe: async <T>(sql: string, ...values: unknown[]) => (await client.query(sql, values)).rows as T,
  $executeRawUnsafe: async (sql, ...values) => (await client.query(sql, values)).rowCount ?? 0,
});

/** All of it, or nothing. */
export async function transaction<T>(pool: Pool, work: (tx: Queryable) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const result = await work(queryable(client));
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  } finally {
    client.release();
  }
}
