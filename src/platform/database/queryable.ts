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
