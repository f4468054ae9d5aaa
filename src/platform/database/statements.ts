import { createHash } from 'node:crypto';

/**
 * Runs a raw statement, in a transaction or not: any Prisma client, its transaction, or whatever else has
 * these two. Values are bound as `$1`, `$2`…; 64-bit integers go in and come out as text.
 */
export interface Queryable {
  $queryRawUnsafe<T = unknown>(sql: string, ...values: unknown[]): Promise<T>;
  /** @returns how many rows were changed */
  $executeRawUnsafe(sql: string, ...values: unknown[]): Promise<number>;
}

/**
 * In front of a statement on a table that is now empty and now full: it is planned at each execution. A plan
 * that Postgres kept from the empty table would read the full one from end to end, for each of its rows.
 */
export const PLANNED_EACH_TIME = '/* planned each time */';

/** In front of a statement that is given more than the usual time, and planned at each execution. */
export const TAKES_LONGER = `${PLANNED_EACH_TIME} /* takes longer */`;

/** How many statements a process names: Prisma's own vary with their arguments. */
const LIMIT = 200;

/**
 * Names make Postgres keep a statement's plan per connection: 6,700/s instead of 5,300/s on the hot path. A name is made
 * of the statement's text: where connections are shared behind a pooler, the same name is the same statement.
 */
export function createStatementNames(limit = LIMIT) {
  const names = new Map<string, string>();
  return function statementName({ sql }: { readonly sql: string }): string {
    if (sql.startsWith(PLANNED_EACH_TIME)) return '';
    const known = names.get(sql);
    if (known !== undefined) return known;
    if (names.size >= limit) return '';
    const name = `s_${createHash('sha256').update(sql).digest('hex').slice(0, 32)}`;
    names.set(sql, name);
    return name;
  };
}
