import type { Queryable } from '../platform/database/database';

/** What is kept for a time, and then goes. */
export const expiring = ['inbox', 'dead_letter'] as const;
export type Expiring = (typeof expiring)[number];

/**
 * Whether a row may go. A key of the inbox lives until its own time, at least as long as its request, step or
 * event can come again; that of a step, until its saga has ended, too: without it, a compensation that was stuck for
 * months would take the step for one that never happened. A dead letter goes 90 days after it came, if an operator has dealt with it.
 */
const EXPIRED: Record<Expiring, { readonly where: string; readonly oldestFirst: string }> = {
  inbox: {
    where: `expires_at <= now() AND NOT EXISTS (SELECT FROM saga WHERE saga_id = inbox.scope AND ended_at IS NULL)`,
    oldestFirst: 'expires_at',
  },
  dead_letter: {
    where: `state IN ('replayed', 'discarded') AND created_at <= now() - interval '90 days'`,
    oldestFirst: 'created_at',
  },
};

/** Deletes the oldest expired rows, at most so many; one that somebody has locked waits for the next time. */
export function deleteExpiredRows(tx: Queryable, table: Expiring, limit: number): Promise<number> {
  const { where, oldestFirst } = EXPIRED[table];
  return tx.$executeRawUnsafe(
    `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(
       SELECT ctid FROM ${table} WHERE ${where} ORDER BY ${oldestFirst} LIMIT $1 FOR UPDATE SKIP LOCKED))`,
    limit,
  );
}
