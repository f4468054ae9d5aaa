import { createHash } from 'node:crypto';
import type { Tx } from '../platform/database/database';
import type { Queryable } from '../platform/database/statements';

/** An idempotency key: a row of `idempotency_key`, written in the transaction of the effect that it guards. */
export interface IdempotencyKey {
  /** The namespace of the key: a route with its API key, a saga or a consumer group. */
  readonly scope: string;
  readonly key: string;
  /** A hash of the request's content. A repeat with another fingerprint is refused. */
  readonly fingerprint?: string;
  /** The origin of an event, for diagnosis: `topic/partition/offset`. */
  readonly source?: string;
  /** How long the key is kept at least. */
  readonly ttlMs: number;
  /** The key of the step that a compensation undoes. See {@link keyForCompensation}. */
  readonly undoes?: string;
  /** The compensation runs even if its step was never recorded. See {@link keyForCompensationAlways}. */
  readonly always?: true;
}

const HOUR_MS = 3_600_000;
/** How long keys of steps and events are kept: 90 days. Older events are not replayed. */
export const REPLAY_WINDOW_MS = 90 * 24 * HOUR_MS;

/**
 * Makes the key of an HTTP request from its `Idempotency-Key`. It is scoped to API key and route and kept for 24 hours.
 */
export const keyForRequest = (apiKeyId: string, route: string, key: string, body: unknown): IdempotencyKey => ({
  scope: `http/${apiKeyId}/${route}`,
  key,
  fingerprint: createHash('sha256').update(JSON.stringify(body)).digest('base64url'),
  ttlMs: 24 * HOUR_MS,
});

/** Makes the key of a saga's forward step. Retries of the step have one effect. */
export const keyForStep = (sagaId: string, step: string): IdempotencyKey => ({
  scope: sagaId,
  key: step,
  ttlMs: REPLAY_WINDOW_MS,
});

/**
 * Makes the key of a saga's compensation. Its transaction also claims the key of the step. If that key was free, the
 * step never happened: the compensation has no effect, and a later attempt of the step is refused.
 */
export const keyForCompensation = (sagaId: string, step: string): IdempotencyKey => ({
  scope: sagaId,
  key: `undo/${step}`,
  undoes: step,
  ttlMs: REPLAY_WINDOW_MS,
});

/**
 * Makes the key of a compensation that runs even if its step was never recorded. A step that calls an external system
 * needs it, because the call may have happened without a record.
 */
export const keyForCompensationAlways = (sagaId: string, step: string): IdempotencyKey => ({
  ...keyForCompensation(sagaId, step),
  always: true,
});

/** Makes the key of an event for a consumer group, which then applies the event once. */
export const keyForEvent = (group: string, eventId: string, source: string): IdempotencyKey => ({
  scope: group,
  key: eventId,
  source,
  ttlMs: REPLAY_WINDOW_MS,
});

/** How long a claim waits for another transaction with the same key, in milliseconds. */
export const KEY_WAIT_MS = 200;

/** A row of `idempotency_key`. */
export interface StoredKey {
  readonly scope: string;
  readonly key: string;
  readonly fingerprint: string | null;
  /** The stored response. */
  readonly result: unknown;
  /** For the key of a step: its compensation has run or has barred it. See {@link undone}. */
  readonly is_undone: boolean;
}

/**
 * Claims a key in the open transaction. The claim waits at most {@link KEY_WAIT_MS}; later statements of the
 * transaction keep their own lock timeout.
 *
 * @returns `false` if the key exists already
 */
export async function claim(
  tx: Queryable,
  idempotencyKey: IdempotencyKey,
  now: string,
  result: unknown = null,
): Promise<boolean> {
  const [row] = await tx.$queryRawUnsafe<{ claimed: boolean }[]>(
    `WITH before AS MATERIALIZED (SELECT current_setting('lock_timeout') AS lock_timeout),
     claim AS (
       INSERT INTO idempotency_key (scope, key, fingerprint, result, source, expires_at)
       SELECT $1, $2, $3, $4::json, $5, $6::timestamptz
       FROM before, LATERAL (SELECT set_config('lock_timeout', '${KEY_WAIT_MS}ms', before.lock_timeout IS NOT NULL)) AS waits_briefly
       ON CONFLICT (scope, key) DO NOTHING RETURNING key)
     SELECT claimed, set_config('lock_timeout', before.lock_timeout, true)
     FROM before, (SELECT count(*) = 1 AS claimed FROM claim) AS done`,
    idempotencyKey.scope,
    idempotencyKey.key,
    idempotencyKey.fingerprint ?? null,
    result === null ? null : JSON.stringify(result),
    idempotencyKey.source ?? null,
    new Date(Date.parse(now) + idempotencyKey.ttlMs).toISOString(),
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
export async function store(tx: Queryable, { scope, key }: IdempotencyKey, response: unknown): Promise<void> {
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
export async function find(database: Queryable, scope: string, key: string): Promise<StoredKey | undefined> {
  const rows = await database.$queryRawUnsafe<StoredKey[]>(
    `SELECT scope, key, fingerprint, result, coalesce(result ->> 'undone' = 'true', false) OR EXISTS (
       SELECT FROM idempotency_key undo
       WHERE undo.scope = $1 AND undo.key = 'undo/' || $2 AND (undo.result ->> 'done') IS NULL) AS is_undone
     FROM idempotency_key WHERE scope = $1 AND key = $2`,
    scope,
    key,
  );
  return rows[0];
}
