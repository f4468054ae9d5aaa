import type { Queryable } from '../platform/database/database';
import type { TableName } from './write.sql';

export interface RowRef {
  readonly table: TableName;
  readonly idColumn: string;
  readonly id: string;
}

/** The row as JSON (amounts as numbers, times as RFC 3339); `undefined` when there is none. */
export async function readRow<State>(database: Queryable, row: RowRef): Promise<State | undefined> {
  const rows = await database.$queryRawUnsafe<{ state: State }[]>(
    `SELECT to_json(stored) AS state FROM ${row.table} AS stored WHERE "${row.idColumn}" = $1`,
    row.id,
  );
  return rows[0]?.state;
}

/**
 * Locks the rows in this order until the transaction ends, each as {@link readRow} gives it. NO KEY UPDATE, so that rows
 * which refer to them can still be inserted. A row that another transaction inserts while this one waits for a lock is
 * not found: it came after the statement.
 */
export async function lockRows(tx: Queryable, rows: readonly RowRef[]): Promise<unknown[]> {
  const columns = rows.map(
    ({ table, idColumn }, index) =>
      `(SELECT to_json(stored) FROM (SELECT * FROM ${table} WHERE "${idColumn}" = $${index + 1} FOR NO KEY UPDATE) AS stored)`,
  );
  const [locked] = await tx.$queryRawUnsafe<{ states: unknown[] }[]>(
    `SELECT json_build_array(${columns.join(',\n')}) AS states`,
    ...rows.map(({ id }) => id),
  );
  return (locked?.states ?? []).map((state) => state ?? undefined);
}
