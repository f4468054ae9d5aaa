import type { Queryable } from '../platform/database/database';
import type { TableName } from './write.sql';

/** The row as JSON (amounts as numbers, times as RFC 3339); `undefined` when there is none. */
export const readRow = <State>(database: Queryable, table: TableName, idColumn: string, id: string) =>
  selectRow<State>(database, selectFrom(table, idColumn), id);

/**
 * {@link readRow}, locked until the transaction ends. NO KEY UPDATE, so that rows which refer to it can still be
 * inserted.
 */
export const lockRow = <State>(tx: Queryable, table: TableName, idColumn: string, id: string) =>
  selectRow<State>(tx, `${selectFrom(table, idColumn)} FOR NO KEY UPDATE OF stored`, id);

const selectFrom = (table: TableName, idColumn: string): string =>
  `SELECT to_json(stored) AS state FROM ${table} AS stored WHERE stored."${idColumn}" = $1`;

async function selectRow<State>(database: Queryable, sql: string, id: string): Promise<State | undefined> {
  const rows = await database.$queryRawUnsafe<{ state: State }[]>(sql, id);
  return rows[0]?.state;
}
