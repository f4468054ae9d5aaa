import type { Queryable } from '../../platform/database/queryable';
import { type DeadLetterState, WAITING } from './dead-letter.sql';

/** The open letters of one group in one state. */
export interface GroupDeadLetters {
  readonly consumer_group: string;
  readonly state: DeadLetterState;
  readonly count: number;
  readonly oldest_seconds: number;
}

/** Counts the open letters of each group and state. */
export async function countDeadLettersByGroup(database: Queryable): Promise<GroupDeadLetters[]> {
  return database.$queryRawUnsafe<GroupDeadLetters[]>(
    `SELECT consumer_group, state, count(*)::int AS count,
       greatest(0, extract(epoch FROM now() - min(created_at)))::float8 AS oldest_seconds
     FROM dead_letter WHERE ${WAITING} GROUP BY consumer_group, state`,
  );
}

/** The open letters of all groups, by state. */
export type DeadLetterCounts = Readonly<Record<DeadLetterState, number>>;

/** Counts the open letters by state, on an index that has only these. */
export async function countDeadLetters(database: Queryable): Promise<DeadLetterCounts> {
  const rows = await database.$queryRawUnsafe<{ state: DeadLetterState; count: number }[]>(
    `SELECT state, count(*)::int AS count FROM dead_letter WHERE ${WAITING} GROUP BY state`,
  );
  const countOf = (state: DeadLetterState): number => rows.find((row) => row.state === state)?.count ?? 0;
  return { retrying: countOf('retrying'), queued: countOf('queued'), dead: countOf('dead') };
}
