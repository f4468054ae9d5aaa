import { createHash } from 'node:crypto';
import { type Database, inTransaction, type Tx } from '../platform/database/database';
import { hasAskedNothing, isDatabasePassing, sqlState, sqlStates } from '../platform/database/database-error';
import type { Queryable } from '../platform/database/statements';
import { Refusal } from '../platform/refusal';
import { STEP_UNDONE } from '../temporal-contract';

/**
 * A key under which something happens once. One mechanism, three key makers below; each key is a row
 * of `idempotency_key`, written in the transaction of the effect.
 */
export interface Once {
  readonly scope: string;
  readonly key: string;
  /** Of the request's content: another content under the same key is refused. */
  readonly fingerprint?: string;
  /** Where it came from, for people: `topic/partition/offset`. */
  readonly source?: string;
  readonly ttlMs: number;
  /** For a compensation: the key of the step it undoes. See {@link undoOnce}. */
  readonly undoes?: string;
  /** There is something to undo also when the step was never recorded. See {@link undoAlwaysOnce}. */
  readonly always?: true;
}

const HOUR_MS = 3_600_000;
/** Longer than any replay of Kafka or Temporal; older events are not replayed from the log. */
export const REPLAY_WINDOW_MS = 90 * 24 * HOUR_MS;

/** HTTP `Idempotency-Key`: scoped to API key and route, kept for 24 hours. */
export const requestOnce = (apiKeyId: string, route: string, key: string, body: unknown): Once => ({
  scope: `http/${apiKeyId}/${route}`,
  key,
  fingerprint: createHash('sha256').update(JSON.stringify(body)).digest('base64url'),
  ttlMs: 24 * HOUR_MS,
});

/** A saga's forward step: retried at will, done once. */
export const stepOnce = (sagaId: string, step: string): Once => ({
  scope: sagaId,
  key: step,
  ttlMs: REPLAY_WINDOW_MS,
});

/**
 * A saga's compensation. Its transaction first puts the step's own key into the inbox as undone if it
 * is not there: then the step never happened, the compensation does nothing, and a late attempt of
 * the step finds the key and does nothing either.
 */
export const undoOnce = (sagaId: string, step: string): Once => ({
  scope: sagaId,
  key: `undo/${step}`,
  undoes: step,
  ttlMs: REPLAY_WINDOW_MS,
});

/**
 * A compensation that has work to do also when its step never happened: the step called something outside, which may
 * have happened unrecorded, or what it would have taken over is there.
 */
export const undoAlwaysOnce = (sagaId: string, step: string): Once => ({ ...undoOnce(sagaId, step), always: true });

/** An event that a consumer group applies. */
export const eventOnce = (group: string, eventId: string, source: string): Once => ({
  scope: group,
  key: eventId,
  source,
  ttlMs: REPLAY_WINDOW_MS,
});

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

/**
 * The answer that is kept under a key.
 *
 * @throws Refusal `idempotency_key_reused` when the key was used with another content,
 *   `step_undone` when a compensation came first
 */
export function storedAnswer(once: Once, row: InboxRow | undefined): unknown {
  if (!row) throw new Error(`Inbox key ${once.scope}/${once.key} was taken, and is gone: try again.`);
  if (row.fingerprint !== (once.fingerprint ?? null)) {
    throw new Refusal('idempotency_key_reused', 'This idempotency key was used with another request; take a new key.');
  }
  if (row.is_undone) {
    throw new Refusal(STEP_UNDONE, `Step ${once.key} of ${once.scope} was compensated before this attempt arrived.`);
  }
  return row.result;
}

/** `neverHappened`: a compensation has barred its step, and has nothing to undo. */
export type Claim =
  | { readonly isNew: true; readonly neverHappened: boolean }
  | { readonly isNew: false; readonly row: InboxRow | undefined };

/** Claims a key in the open transaction, and for a compensation also the key of its step. */
export async function claimKey(tx: Queryable, once: Once, now: string): Promise<Claim> {
  if (!(await claim(tx, once, now))) return { isNew: false, row: await find(tx, once.scope, once.key) };
  const barred = once.undoes !== undefined && (await claim(tx, { ...once, key: once.undoes }, now, undone));
  return { isNew: true, neverHappened: barred && !once.always };
}

export interface FailedClaim {
  readonly once: Once;
  readonly now: string;
  readonly error: unknown;
}

/**
 * Finds the row of a key whose transaction failed. The connection may have broken while it committed: then the key is
 * there. When it is not, the outcome stays unknown, and a repeat with the same key settles it.
 *
 * @throws Refusal `request_in_progress` while another transaction holds the key; otherwise the given error
 */
export async function findAfterFailure(database: Database, { once, now, error }: FailedClaim): Promise<InboxRow> {
  if (hasAskedNothing(error) || !isDatabasePassing(error)) throw error;
  const row = await find(database, once.scope, once.key).catch(() => undefined);
  if (row) return row;
  if (sqlState(error) === sqlStates.lockNotAvailable && (await isClaimed(database, once, now))) {
    throw new Refusal(
      'request_in_progress',
      'The first request with this key is still running; try again in a second.',
      { retry_after: 1 },
    );
  }
  throw error;
}

/** What {@link isClaimed} ends its transaction with. */
class Unclaimed extends Error {}

/**
 * Whether a transaction that is still open has claimed the key. Any part of a statement may have waited for a lock in
 * vain, so this claims the key by itself, and takes it back.
 */
async function isClaimed(database: Database, once: Once, now: string): Promise<boolean> {
  const keys = once.undoes === undefined ? [once.key] : [once.key, once.undoes];
  let waitsForKey = false;
  try {
    await inTransaction(database, async (tx) => {
      await prepareToClaim(tx);
      waitsForKey = true;
      for (const key of keys) await claim(tx, { ...once, key }, now);
      throw new Unclaimed();
    });
    return false;
  } catch (error) {
    return waitsForKey && sqlState(error) === sqlStates.lockNotAvailable;
  }
}
