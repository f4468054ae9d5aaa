import { hashOf, WAITING } from '../kafka/dead-letters.sql';
import { rfc3339 } from '../platform/database/session';
import { PLANNED_EACH_TIME, type Queryable } from '../platform/database/statements';
import { type DeadLetterState, type DeadLetterView, type OpenFilter, textOrBase64 } from './dead-letter';

/** A letter with the fields that an act on it needs. */
export interface LetterDetail extends DeadLetterView {
  /** Whether it is the first open letter of its key. */
  readonly is_first: boolean;
  /** Whether an operator's replay of it is running. */
  readonly in_replay: boolean;
}

/** How much of a value a list has. */
const LISTED_VALUE_BYTES = 64 * 1_024;
const BEHIND_COUNTED = 10_000;

const ofKey = (other: string): string =>
  `${other}.consumer_group = letter.consumer_group AND ${other}.topic = letter.topic
   AND ${hashOf(`${other}.key`)} = ${hashOf('letter.key')} AND ${other}.key = letter.key AND ${other}.${WAITING}`;

const columns = (value: string): string => `letter.id::text, letter.consumer_group AS "group", letter.topic,
  letter.partition, letter."offset"::text AS "offset", letter.key, letter.headers, ${value} AS value, letter.reason,
  letter.state, letter.attempts, ${rfc3339('letter.due_at')} AS due_at, ${rfc3339('letter.created_at')} AS created_at,
  (SELECT count(*)::int FROM (SELECT FROM dead_letter later WHERE ${ofKey('later')} AND later.id > letter.id
     LIMIT ${BEHIND_COUNTED}) AS counted) AS behind`;

const DETAIL = `${columns('letter.value')}, letter.replayed_from IS NOT NULL AS in_replay,
  NOT EXISTS (SELECT FROM dead_letter earlier WHERE ${ofKey('earlier')} AND earlier.id < letter.id) AS is_first`;

type LetterRow = Omit<LetterDetail, 'value'> & { value: Uint8Array | null; bytes?: number };

const fromRow = ({ bytes, value, ...row }: LetterRow): LetterDetail => ({
  ...row,
  value: value && textOrBase64(value, bytes !== undefined && bytes > value.length),
});

type Filter = Omit<OpenFilter, 'state'> & { readonly state?: DeadLetterState | undefined };

const isKey = (key: string): string => `${hashOf('key')} = ${hashOf(key)} AND key = ${key}`;

/** Returns the condition of a filter and appends its values to the bound ones. */
function where({ group, topic, key, state }: Filter, values: unknown[]): string {
  const bind = (value: string): string => `$${values.push(value)}::text`;
  return [
    state === undefined ? WAITING : `state = ${bind(state)}`,
    ...(group === undefined ? [] : [`consumer_group = ${bind(group)}`]),
    ...(topic === undefined ? [] : [`topic = ${bind(topic)}`]),
    ...(key === undefined ? [] : [isKey(bind(key))]),
  ].join(' AND ');
}

/** Returns a page of letters with ids above `after`, in the order of their ids; open ones without a state. */
export async function findLetters(
  database: Queryable,
  filter: Filter,
  after: string,
  limit: number,
): Promise<DeadLetterView[]> {
  const values: unknown[] = [after, limit];
  const rows = await database.$queryRawUnsafe<LetterRow[]>(
    `${PLANNED_EACH_TIME} SELECT ${columns(`substring(letter.value FROM 1 FOR ${LISTED_VALUE_BYTES})`)},
       octet_length(letter.value) AS bytes
     FROM (SELECT * FROM dead_letter WHERE ${where(filter, values)} AND id > $1::bigint ORDER BY id LIMIT $2) AS letter
     ORDER BY letter.id`,
    ...values,
  );
  return rows.map(fromRow);
}

/** Returns the ids of open letters, oldest first, and whether each is the first of its key. */
export async function matchLetters(
  database: Queryable,
  filter: OpenFilter,
  limit: number,
): Promise<{ id: string; is_first: boolean }[]> {
  const values: unknown[] = [limit];
  return database.$queryRawUnsafe<{ id: string; is_first: boolean }[]>(
    `${PLANNED_EACH_TIME} SELECT letter.id::text,
       NOT EXISTS (SELECT FROM dead_letter earlier WHERE ${ofKey('earlier')} AND earlier.id < letter.id) AS is_first
     FROM (SELECT * FROM dead_letter WHERE ${where(filter, values)} ORDER BY id LIMIT $1) AS letter
     ORDER BY letter.id`,
    ...values,
  );
}

/** Returns one letter, or `undefined` without one. */
export async function findLetter(database: Queryable, id: string): Promise<LetterDetail | undefined> {
  const rows = await database.$queryRawUnsafe<LetterRow[]>(
    `${PLANNED_EACH_TIME} SELECT ${DETAIL} FROM dead_letter letter WHERE letter.id = $1::bigint`,
    id,
  );
  return rows.map(fromRow)[0];
}

/** Locks one letter until the transaction ends and returns it. A second operator sees what the first has done. */
export async function lockLetter(tx: Queryable, id: string): Promise<LetterDetail | undefined> {
  await tx.$queryRawUnsafe(`SELECT id::text FROM dead_letter WHERE id = $1::bigint FOR UPDATE`, id);
  return findLetter(tx, id);
}

/** Makes a letter due now, in its old place. The group's consumer applies it, then those behind it. */
export async function requeueLetter(tx: Queryable, id: string): Promise<void> {
  await tx.$executeRawUnsafe(
    `UPDATE dead_letter SET replayed_from = coalesce(replayed_from, CASE state WHEN 'dead' THEN 'dead' ELSE 'retrying' END),
       state = 'retrying', due_at = now()
     WHERE id = $1::bigint`,
    id,
  );
}

/** Marks a letter as `discarded`. */
export async function discardLetter(tx: Queryable, id: string): Promise<void> {
  await tx.$executeRawUnsafe(
    `UPDATE dead_letter SET state = 'discarded', due_at = NULL, replayed_from = NULL WHERE id = $1::bigint`,
    id,
  );
}

/**
 * Counts what a replay of these letters has left open. `failed`: neither the letter nor the first of its key is tried
 * again now. `pending`: not tried yet.
 */
export async function readReplayOutcome(
  database: Queryable,
  ids: readonly string[],
): Promise<{ failed: number; pending: number }> {
  const [row] = await database.$queryRawUnsafe<{ failed: number; pending: number }[]>(
    `${PLANNED_EACH_TIME} SELECT count(*) FILTER (WHERE rests)::int AS failed, count(*) FILTER (WHERE NOT rests)::int AS pending
     FROM (SELECT first.state = 'dead' OR first.state = 'retrying' AND first.attempts > 0 AND first.replayed_from IS NULL AS rests
           FROM unnest($1::bigint[]) AS wanted (id) JOIN dead_letter letter USING (id), LATERAL (
             SELECT state, attempts, replayed_from FROM dead_letter earlier WHERE ${ofKey('earlier')} ORDER BY id LIMIT 1) AS first
           WHERE letter.${WAITING}) AS open`,
    ids,
  );
  return row ?? { failed: 0, pending: 0 };
}
