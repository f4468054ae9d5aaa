import type { Queryable } from '../platform/database/database';
import type { TableName } from './write.sql';

/**
 * The row as JSON (amounts as numbers, times as RFC 3339), locked until the transaction ends. NO KEY
 * UPDATE, so that rows which refer to it can still be inserted.
 */
export async function lockRow<State>(
  tx: Queryable,
  table: TableName,
  idColumn: string,
  id: string,
): Promise<State | undefined> {
  const rows = await tx.$queryRawUnsafe<{ state: State }[]>(
    `SELECT to_json(stored) AS state
     FROM ${table} AS stored
     WHERE stored."${idColumn}" = $1
     FOR NO KEY UPDATE OF stored`,
    id,
  );
  return rows[0]?.state;
}
