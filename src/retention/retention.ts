import { z } from '@hono/zod-openapi';
import { defineCommand, handle } from '../cqrs/message';
import type { Queryable } from '../platform/database/database';

/** The tables whose rows expire. */
export const expiring = ['idempotency_key', 'dead_letter'] as const;
/** A table whose rows expire. */
export type Expiring = (typeof expiring)[number];

/**
 * Which rows have expired, by table. An idempotency key lives until `expires_at`, which is later than any repeat of its
 * request, step or event. The key of a step also lives until its saga has ended: without it, a compensation that was
 * stuck for months would find no step to undo. A dead letter that an operator has closed lives for 90 days.
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

/** Deletes one batch of expired rows and returns how many. For the system only. */
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
