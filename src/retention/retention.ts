import { z } from '@hono/zod-openapi';
import { defineCommand, handle } from '../cqrs/message';
import type { Queryable } from '../platform/database/database';

/** The tables whose rows expire. */
export const expiring = ['idempotency_key', 'dead_letter'] as const;
/** A table whose rows expire. */
export type Expiring = (typeof expiring)[number];

/**
 * The conditions for expired rows. An idempotency key is kept until `expires_at`, later than any repeat. The key of a
 * step is also kept until its saga has ended, because a late compensation needs it. Closed dead letters are kept for 90
 * days.
 */
const EXPIRED: Record<Expiring, { readonly where: string; readonly oldestFirst: string }> = {
  idempotency_key: {
    where: `expires_at <= now()
      AND NOT EXISTS (SELECT FROM saga WHERE saga_id = idempotency_key.scope AND ended_at IS NULL)`,
    oldestFirst: 'expires_at',
  },
  dead_letter: {
    where: `state IN ('replayed', 'discarded') AND created_at <= now() - interval '90 days'`,
    oldestFirst: 'created_at',
  },
};

/**
 * Deletes the oldest expired rows, at most `limit`. Skips rows that another transaction has locked.
 *
 * @returns how many rows were deleted
 */
export function deleteExpiredRows(tx: Queryable, table: Expiring, limit: number): Promise<number> {
  const { where, oldestFirst } = EXPIRED[table];
  return tx.$executeRawUnsafe(
    `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(
       SELECT ctid FROM ${table} WHERE ${where} ORDER BY ${oldestFirst} LIMIT $1 FOR UPDATE SKIP LOCKED))`,
    limit,
  );
}

/** Deletes one batch of expired rows and returns their number. For the system only. */
export const deleteExpired = defineCommand({
  name: 'DeleteExpired',
  input: z.strictObject({ table: z.enum(expiring), limit: z.int().min(1).max(10_000) }),
  result: z.int(),
  roles: [],
});

/** Handles {@link deleteExpired}. */
export const deleteExpiredHandler = handle(deleteExpired, ({ table, limit }, { uow }) =>
  deleteExpiredRows(uow.tx, table, limit),
);
