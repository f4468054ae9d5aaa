import type { Tx } from '../platform/database/database';
import type { Queryable } from '../platform/database/queryable';
import type { Once } from './once';

/** A second caller waits this long for the first one's transaction, then is told to come again. */
export const ONCE_WAIT_MS = 200;

export interface InboxRow {
  readonly scope: string;
  readonly key: string;
  readonly fingerprint: string | null;
  readonly result: unknown;
  /** Of a saga's step: its compensation has been done, or was there before the step. See {@link undone}. */
  readonly is_undone: boolean;
}

/**
 * Claims the key in the open transaction: `false` when it is there already. Only the claim waits briefly;
 * what follows in the transaction waits for rows as long as other statements do.
 */
export async function claim(tx: Queryable, once: Once, now: string, result: unknown = null): Promise<boolean> {
  const [row] = await tx.$queryRawUnsafe<{ claimed: boolean }[]>(
    `WITH before AS MATERIALIZED (SELECT current_setting('lock_timeout') AS lock_timeout),
     claim AS (
       INSERT INTO idempotency_key (scope, key, fingerprint, result, source, expires_at)
       SELECT $1, $2, $3, $4::json, $5, $6::timestamptz
       FROM before, LATERAL (SELECT set_config('lock_timeout', '${ONCE_WAIT_MS}ms', before.lock_timeout IS NOT NULL)) AS waits_briefly
       ON CONFLICT (scope, key) DO NOTHING RETURNING key)
     SELECT claimed, set_config('lock_timeout', before.lock_timeout, true)
     FROM before, (SELECT count(*) = 1 AS claimed FROM claim) AS done`,
    once.scope,
    once.key,
    once.fingerprint ?? null,
    result === null ? null : JSON.stringify(result),
    once.source ?? null,
    new Date(Date.parse(now) + once.ttlMs).toISOString(),
  );
  return row?.claimed === true;
}

/**
 * Locks the table as the claim of a key does, so that what the claim waits for after it is the key itself.
 * @throws the database's error when the table is locked by another
 */
export async function prepareToClaim(tx: Tx): Promise<void> {
  await tx.$executeRawUnsafe('LOCK TABLE idempotency_key IN ROW EXCLUSIVE MODE NOWAIT');
}

/** Stores the response of a key that this transaction has claimed. */
export async function store(tx: Queryable, { scope, key }: Once, response: unknown): Promise<void> {
  await tx.$executeRawUnsafe(
    'UPDATE idempotency_key SET result = $3::json WHERE scope = $1 AND key = $2',
    scope,
    key,
    JSON.stringify(response),
  );
}

/** What a compensation leaves under the key of a step that never happened. */
export const undone = { undone: true } as const;

/** A pivot's question is asked under the key of its compensation; it has undone nothing where its answer is `done`. */
export async function find(database: Queryable, scope: string, key: string): Promise<InboxRow | undefined> {
  const rows = await database.$queryRawUnsafe<InboxRow[]>(
    `SELECT scope, key, fingerprint, result, coalesce(result ->> 'undone' = 'true', false) OR EXISTS (
       SELECT FROM idempotency_key undo
       WHERE undo.scope = $1 AND undo.key = 'undo/' || $2 AND (undo.result ->> 'done') IS NULL) AS is_undone
     FROM idempotency_key WHERE scope = $1 AND key = $2`,
    scope,
    key,
  );
  return rows[0];
}
