import type { Queryable } from '../platform/database';
import type { TableName } from './write.sql';

/** How long a command queues for an aggregate's row before it gives up, to be tried again. */
const ROW_WAIT_MS = 2_000;

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
     FROM ${table} AS stored, (SELECT set_config('lock_timeout', '${ROW_WAIT_MS}ms', true)) AS waits
     WHERE stored."${idColumn}" = $1
     FOR NO KEY UPDATE OF stored`,
    id,
  );
  return rows[0]?.state;
}
