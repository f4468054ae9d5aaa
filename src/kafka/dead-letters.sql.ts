import type { Queryable } from '../platform/database/database';
import { type IncomingMessage, sourceOf } from './received-event';

/**
 * The state of an open letter. `retrying`: the first of its key, tried again when due. `queued`: waits behind an
 * earlier letter of its key. `dead`: its key waits until an operator replays or discards it.
 */
export type DeadLetterState = 'retrying' | 'queued' | 'dead';

/** A message to store as a dead letter. */
export interface NewDeadLetter {
  readonly message: IncomingMessage;
  readonly state: DeadLetterState;
  readonly reason: string;
  readonly attempts: number;
  /** From now, for the state `retrying`. */
  readonly retryAfterMs: number | null;
}

/** A due letter, leased to this process. */
export interface ClaimedLetter {
  readonly id: string;
  readonly message: IncomingMessage;
  /** Attempts so far. */
  readonly attempts: number;
}

/** The condition of an open letter: neither applied nor discarded. */
export const WAITING = `state IN ('retrying', 'queued', 'dead')`;
/** Returns the hash of a key for the index, because a key may be longer than an index entry. */
export const hashOf = (key: string): string => `hashtextextended(${key}, 0)`;

/** The letters that earlier deliveries have left for a batch of messages. */
export interface EarlierLetters {
  /** The keys whose later messages must queue, with the number of open letters, counted up to `max`. */
  readonly queuedByKey: ReadonlyMap<string, number>;
  /** The messages whose letters an operator has replayed or discarded, by {@link sourceOf}. */
  readonly closed: ReadonlySet<string>;
}

interface EarlierRow {
  readonly key: string;
  readonly waiting: number | null;
  readonly source: string | null;
  readonly value: Uint8Array | null;
}

/** The batch of messages that letters are looked up for. */
export interface EarlierQuery {
  readonly group: string;
  readonly topic: string;
  readonly messages: readonly IncomingMessage[];
  /** The most letters of a key that are counted. */
  readonly max: number;
}

/** Finds the open letters of the messages' keys, and the messages that come again although their letters are closed. */
export async function findEarlierLetters(
  database: Queryable,
  { group, topic, messages, max }: EarlierQuery,
): Promise<EarlierLetters> {
  const bySource = new Map(messages.map((message) => [sourceOf(message), message]));
  const rows = await database.$queryRawUnsafe<EarlierRow[]>(
    `SELECT wanted.key, open.waiting, NULL AS source, NULL::bytea AS value
     FROM unnest($3::text[]) AS wanted (key), LATERAL (
       SELECT count(*)::int AS waiting FROM (
         SELECT FROM dead_letter
         WHERE consumer_group = $1 AND topic = $2 AND ${hashOf('dead_letter.key')} = ${hashOf('wanted.key')}
           AND dead_letter.key = wanted.key AND ${WAITING}
         LIMIT $6) AS counted) AS open
     WHERE open.waiting > 0
     UNION ALL
     SELECT closed.key, NULL, $2 || '/' || came.partition || '/' || came."offset", closed.value
     FROM ROWS FROM (unnest($4::text[]), unnest($5::text[])) AS came (partition, "offset"), LATERAL (
       SELECT key, value FROM dead_letter
       WHERE consumer_group = $1 AND topic = $2 AND dead_letter.partition = came.partition::int
         AND dead_letter."offset" = came."offset"::bigint AND NOT ${WAITING}
       LIMIT 1) AS closed`,
    group,
    topic,
    [...new Set(messages.map(({ key }) => key))],
    messages.map(({ partition }) => String(partition)),
    messages.map(({ offset }) => offset),
    max,
  );
  const queuedByKey = new Map<string, number>();
  const closed = new Set<string>();
  for (const { key, waiting, source, value } of rows) {
    const message = source === null ? undefined : bySource.get(source);
    if (source === null) queuedByKey.set(key, waiting ?? 0);
    else if (message?.key === key && mayBeCutFrom(value, message.value)) closed.add(source);
  }
  return { queuedByKey, closed };
}

/** A topic that was deleted and made again has other messages at the same offsets. A kept value may be cut short. */
const mayBeCutFrom = (kept: Uint8Array | null, value: Buffer | null): boolean =>
  kept === null || (value !== null && value.subarray(0, kept.length).equals(kept));

/** Stores dead letters in their order. A letter from an earlier delivery stays as it is. */
export async function storeDeadLetters(
  database: Queryable,
  group: string,
  letters: readonly NewDeadLetter[],
): Promise<void> {
  const rows = letters.map(({ message, state, reason, attempts, retryAfterMs }) => ({
    ...message,
    value: message.value?.toString('base64') ?? null,
    state,
    reason,
    attempts,
    retry_after_ms: retryAfterMs,
  }));
  await database.$executeRawUnsafe(
    `INSERT INTO dead_letter (consumer_group, topic, partition, "offset", key, headers, value, reason, state, attempts, due_at)
     SELECT $1, topic, partition, "offset", key, headers, decode(value, 'base64'), reason, state, attempts,
            now() + retry_after_ms * interval '1 millisecond'
     FROM ROWS FROM (json_to_recordset($2::json) AS (topic text, partition int, "offset" bigint, key text,
       headers jsonb, value text, reason text, state text, attempts int, retry_after_ms bigint)) WITH ORDINALITY
     ORDER BY ordinality
     ON CONFLICT (consumer_group, topic, partition, "offset") DO NOTHING`,
    group,
    JSON.stringify(rows),
  );
}

const CLAIMED = `letter.id::text, letter.topic, letter.partition, letter."offset"::text AS "offset", letter.key,
  letter.headers, letter.value, letter.attempts`;

type ClaimedRow = Omit<IncomingMessage, 'value'> & { id: string; attempts: number; value: Uint8Array | null };

const claimed = ({ id, attempts, value, ...place }: ClaimedRow): ClaimedLetter => ({
  id,
  attempts,
  message: { ...place, value: value && Buffer.from(value) },
});

/**
 * Claims the first letter of each key that is due, or queued without an earlier letter. It walks from key to key, so a
 * long queue behind a dead letter costs nothing.
 */
export async function claimDueLetters(
  database: Queryable,
  group: string,
  leaseMs: number,
  limit: number,
): Promise<ClaimedLetter[]> {
  const rows = await database.$queryRawUnsafe<ClaimedRow[]>(
    `WITH RECURSIVE head AS (
       (SELECT id, topic, ${hashOf('key')} AS hash FROM dead_letter
        WHERE consumer_group = $1 AND ${WAITING} ORDER BY topic, ${hashOf('key')}, id LIMIT 1)
       UNION ALL
       SELECT next.* FROM head, LATERAL (
         SELECT id, topic, ${hashOf('key')} AS hash FROM dead_letter
         WHERE consumer_group = $1 AND (topic, ${hashOf('key')}) > (head.topic, head.hash) AND ${WAITING}
         ORDER BY topic, ${hashOf('key')}, id LIMIT 1) AS next),
     due AS (
       SELECT id FROM dead_letter WHERE id IN (SELECT id FROM head)
         AND (state = 'queued' OR state = 'retrying' AND due_at <= now())
       ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED)
     UPDATE dead_letter AS letter SET state = 'retrying', due_at = now() + $2 * interval '1 millisecond'
     FROM due WHERE letter.id = due.id
     RETURNING ${CLAIMED}`,
    group,
    leaseMs,
    limit,
  );
  return rows.map(claimed);
}

/** Claims the first letter of this key if it is queued. */
export async function claimNextOfKey(
  database: Queryable,
  group: string,
  { topic, key }: Pick<IncomingMessage, 'topic' | 'key'>,
  leaseMs: number,
): Promise<ClaimedLetter | undefined> {
  const rows = await database.$queryRawUnsafe<ClaimedRow[]>(
    `UPDATE dead_letter AS letter SET state = 'retrying', due_at = now() + $4 * interval '1 millisecond'
     WHERE state = 'queued' AND id = (
       SELECT id FROM dead_letter
       WHERE consumer_group = $1 AND topic = $2 AND ${hashOf('key')} = ${hashOf('$3::text')} AND key = $3 AND ${WAITING}
       ORDER BY id LIMIT 1)
     RETURNING ${CLAIMED}`,
    group,
    topic,
    key,
    leaseMs,
  );
  return rows.map(claimed)[0];
}

/**
 * Closes a letter that was applied: deletes it, or leaves it as `replayed` if an operator replayed it. No-op for a
 * letter that an operator has discarded meanwhile.
 */
export async function closeAppliedLetter(database: Queryable, id: string): Promise<void> {
  await database.$executeRawUnsafe(
    `WITH replayed AS (
       UPDATE dead_letter SET state = 'replayed', attempts = attempts + 1, due_at = NULL, replayed_from = NULL
       WHERE id = $1::bigint AND state = 'retrying' AND replayed_from IS NOT NULL)
     DELETE FROM dead_letter WHERE id = $1::bigint AND state = 'retrying' AND replayed_from IS NULL`,
    id,
  );
}

/** A failed attempt at a letter. */
export interface LetterFailure {
  readonly reason: string;
  /** `null` for no further attempt. */
  readonly retryAfterMs: number | null;
  /** Whether the attempt is counted. */
  readonly counts: boolean;
}

/**
 * Records a failed attempt. The letter becomes `dead` without a next attempt, and also when it was replayed as `dead`
 * and the attempt counts.
 *
 * @returns the state of the letter; `undefined` when it is not open any more
 */
export async function recordLetterFailure(
  database: Queryable,
  id: string,
  { reason, retryAfterMs, counts }: LetterFailure,
): Promise<DeadLetterState | undefined> {
  const rows = await database.$queryRawUnsafe<{ state: DeadLetterState }[]>(
    `UPDATE dead_letter AS letter SET attempts = attempts + $4::boolean::int, reason = $2, replayed_from = NULL,
       state = CASE WHEN next.retry_after_ms IS NULL THEN 'dead' ELSE 'retrying' END,
       due_at = now() + next.retry_after_ms * interval '1 millisecond'
     FROM (SELECT id, CASE WHEN replayed_from = 'dead' AND $4 THEN NULL ELSE $3::bigint END AS retry_after_ms
           FROM dead_letter WHERE id = $1::bigint AND state = 'retrying' FOR UPDATE) AS next
     WHERE letter.id = next.id RETURNING letter.state`,
    id,
    reason,
    retryAfterMs,
    counts,
  );
  return rows[0]?.state;
}

/** Releases the lease without counting an attempt. */
export async function releaseLetter(database: Queryable, id: string): Promise<void> {
  await database.$executeRawUnsafe(
    `UPDATE dead_letter SET due_at = now() WHERE id = $1::bigint AND state = 'retrying'`,
    id,
  );
}
