import { createHash } from 'node:crypto';
import { type Database, inTransaction, type Tx } from '../platform/database/database';
import { hasAskedNothing, isDatabasePassing, sqlState, sqlStates } from '../platform/database/database-error';
import type { Queryable } from '../platform/database/statements';
import { Refusal } from '../platform/refusal';
import { STEP_UNDONE } from '../temporal-contract';

/** An idempotency key: a row of `idempotency_key`, written in the transaction of the effect that it guards. */
export interface Once {
  /** The namespace of the key: a route with its API key, a saga or a consumer group. */
  readonly scope: string;
  readonly key: string;
  /** A hash of the request's content. A repeat with another fingerprint is refused. */
  readonly fingerprint?: string;
  /** The origin of an event, for diagnosis: `topic/partition/offset`. */
  readonly source?: string;
  /** How long the key is kept at least. */
  readonly ttlMs: number;
  /** The key of the step that a compensation undoes. See {@link undoOnce}. */
  readonly undoes?: string;
  /** The compensation runs even if its step was never recorded. See {@link undoAlwaysOnce}. */
  readonly always?: true;
}

const HOUR_MS = 3_600_000;
/** How long keys of steps and events are kept: 90 days. Older events are not replayed. */
export const REPLAY_WINDOW_MS = 90 * 24 * HOUR_MS;

/**
 * Makes the key of an HTTP request from its `Idempotency-Key`. It is scoped to API key and route and kept for 24 hours.
 */
export const requestOnce = (apiKeyId: string, route: string, key: string, body: unknown): Once => ({
  scope: `http/${apiKeyId}/${route}`,
  key,
  fingerprint: createHash('sha256').update(JSON.stringify(body)).digest('base64url'),
  ttlMs: 24 * HOUR_MS,
});

/** Makes the key of a saga's forward step. Retries of the step have one effect. */
export const stepOnce = (sagaId: string, step: string): Once => ({
  scope: sagaId,
  key: step,
  ttlMs: REPLAY_WINDOW_MS,
});

/**
 * Makes the key of a saga's compensation. Its transaction also claims the key of the step. If that key was free, the
 * step never happened: the compensation has no effect, and a later attempt of the step is refused.
 */
export const undoOnce = (sagaId: string, step: string): Once => ({
  scope: sagaId,
  key: `undo/${step}`,
  undoes: step,
  ttlMs: REPLAY_WINDOW_MS,
});

/**
 * Makes the key of a compensation that runs even if its step was never recorded. A step that calls an external system
 * needs it, because the call may have happened without a record.
 */
export const undoAlwaysOnce = (sagaId: string, step: string): Once => ({ ...undoOnce(sagaId, step), always: true });

/** Makes the key of an event for a consumer group, which then applies the event once. */
export const eventOnce = (group: string, eventId: string, source: string): Once => ({
  scope: group,
  key: eventId,
  source,
  ttlMs: REPLAY_WINDOW_MS,
});

/** How long a claim waits for another transaction with the same key, in milliseconds. */
export const ONCE_WAIT_MS = 200;

/** A row of `idempotency_key`. */
export interface InboxRow {
  readonly scope: string;
  readonly key: string;
  readonly fingerprint: string | null;
  /** The stored response. */
  readonly result: unknown;
  /** For the key of a step: its compensation has run or has barred it. See {@link undone}. */
  readonly is_undone: boolean;
}

/**
 * Claims a key in the open transaction. The claim waits at most {@link ONCE_WAIT_MS}; later statements of the
 * transaction keep their own lock timeout.
 *
 * @returns `false` if the key exists already
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
 * Takes the table lock of a claim, so that a claim after it can only wait for its key.
 *
 * @throws the database's error if another transaction has locked the table
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

/** The stored response under the key of a step that was barred before it happened. */
export const undone = { undone: true } as const;

/**
 * Reads the row of a key. A pivot is confirmed under the key of its compensation: with the stored response `done`, the
 * step happened and is not undone.
 */
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
 * Returns the stored response of a row.
 *
 * @throws Refusal `idempotency_key_reused` if the key was used with other content,
 *   `step_undone` if a compensation came first
 */
export function storedAnswer(once: Once, row: InboxRow | undefined): unknown {
  if (!row) throw new Error(`Idempotency key ${once.scope}/${once.key} was taken and has disappeared. Try again.`);
  if (row.fingerprint !== (once.fingerprint ?? null)) {
    throw new Refusal('idempotency_key_reused', 'This idempotency key was used with another request. Use a new key.');
  }
  if (row.is_undone) {
    throw new Refusal(STEP_UNDONE, `Step ${once.key} of ${once.scope} was compensated before this attempt arrived.`);
  }
  return row.result;
}

/** The outcome of a claim. `neverHappened`: a compensation has barred its step and has nothing to undo. */
export type Claim =
  | { readonly isNew: true; readonly neverHappened: boolean }
  | { readonly isNew: false; readonly row: InboxRow | undefined };

/** Claims a key in the open transaction, and for a compensation also the key of its step. */
export async function claimKey(tx: Queryable, once: Once, now: string): Promise<Claim> {
  if (!(await claim(tx, once, now))) return { isNew: false, row: await find(tx, once.scope, once.key) };
  const barred = once.undoes !== undefined && (await claim(tx, { ...once, key: once.undoes }, now, undone));
  return { isNew: true, neverHappened: barred && !once.always };
}

/** A failed transaction that claims a key. */
export interface FailedClaim {
  readonly once: Once;
  readonly now: string;
  readonly error: unknown;
}

/**
 * Finds the row of a key after its transaction failed, because the connection may have broken during the commit.
 * Without a row the outcome stays unknown. A repeat with the same key is safe.
 *
 * @throws Refusal `request_in_progress` while another transaction holds the key; else the given error
 */
export async function findAfterFailure(database: Database, { once, now, error }: FailedClaim): Promise<InboxRow> {
  if (hasAskedNothing(error) || !isDatabasePassing(error)) throw error;
  const row = await find(database, once.scope, once.key).catch(() => undefined);
  if (row) return row;
  if (sqlState(error) === sqlStates.lockNotAvailable && (await isClaimed(database, once, now))) {
    throw new Refusal(
      'request_in_progress',
      'The first request with this key is still running. Try again in a second.',
      { retry_after: 1 },
    );
  }
  throw error;
}

/** Rolls back the transaction of {@link isClaimed}. */
class Unclaimed extends Error {}

/**
 * Checks whether an open transaction has claimed the key. Any lock of a statement may have timed out, so this claims
 * the key alone and rolls back.
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
