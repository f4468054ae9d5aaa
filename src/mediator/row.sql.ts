import type { Queryable } from '../platform/database/database';
import type { Table } from '../platform/database/table';

export interface RowRef {
  readonly table: Table;
  readonly id: string;
}

/** The row as JSON (amounts as numbers, times as RFC 3339); `undefined` when there is none. */
export async function readRow<State>(database: Queryable, { table, id }: RowRef): Promise<State | undefined> {
  const rows = await database.$queryRawUnsafe<{ state: State }[]>(
    `SELECT to_json(stored) AS state FROM ${table.name} AS stored WHERE "${table.key}" = $1`,
    id,
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
    ({ table: { name, key } }, index) =>
      `(SELECT to_json(stored) FROM (SELECT * FROM ${name} WHERE "${key}" = $${index + 1} FOR NO KEY UPDATE) AS stored)`,
  );
  const [locked] = await tx.$queryRawUnsafe<{ states: unknown[] }[]>(
    `SELECT json_build_array(${columns.join(',\n')}) AS states`,
    ...rows.map(({ id }) => id),
  );
  return (locked?.states ?? []).map((state) => state ?? undefined);
}
