import type { Queryable } from '../platform/database/database';
import type { Table } from '../platform/database/table';
import { type IdempotencyKey, KEY_WAIT_MS } from './idempotency';

/** The columns of a row with JSON values. */
export type Row = object;

/** The writes at the end of a transaction. */
export interface Writes {
  /** In this order. Rows of one table must have the same columns. */
  readonly inserts: ReadonlyMap<Table, readonly Row[]>;
  readonly updates: ReadonlyMap<Table, readonly Row[]>;
  /** An idempotency key to claim. If it exists, nothing is written. */
  readonly claim?: { readonly idempotencyKey: IdempotencyKey; readonly now: string; readonly result: unknown };
  /** The response to store under a key that this transaction has claimed. */
  readonly keyResult?: { readonly idempotencyKey: IdempotencyKey; readonly result: unknown };
  /** The saga step to record. */
  readonly step?: { readonly record: SagaStepRecord; readonly now: string };
}

/**
 * Writes everything in one statement. Its text depends only on the tables and columns, so that Postgres plans it once
 * per connection.
 *
 * @returns `false` if the idempotency key existed: nothing was written
 */
export async function write(database: Queryable, writes: Writes): Promise<boolean> {
  const { sql, parameters } = writeStatement(writes);
  if (sql === '') return true;
  const [row] = await database.$queryRawUnsafe<{ claimed: boolean }[]>(sql, ...parameters);
  return row?.claimed === true;
}

/** Builds the statement of {@link write}. The text is empty if there is nothing to write. */
export function writeStatement({ inserts, updates, claim, keyResult, step }: Writes): {
  sql: string;
  parameters: unknown[];
} {
  const parameters: unknown[] = [];
  const bind = (value: unknown): string => `$${parameters.push(value)}`;
  const expressions: string[] = [];
  const isClaimed = claim ? 'EXISTS (SELECT FROM once)' : 'true';

  if (claim) {
    const { idempotencyKey, now, result } = claim;
    const expiresAt = new Date(Date.parse(now) + idempotencyKey.ttlMs).toISOString();
    expressions.push(
      `once AS (INSERT INTO idempotency_key (scope, key, fingerprint, result, source, expires_at)
       SELECT ${bind(idempotencyKey.scope)}, ${bind(idempotencyKey.key)}, ${bind(idempotencyKey.fingerprint ?? null)},
              ${bind(JSON.stringify(result))}::json, ${bind(idempotencyKey.source ?? null)}, ${bind(expiresAt)}::timestamptz
       FROM (SELECT set_config('lock_timeout', '${KEY_WAIT_MS}ms', true)) AS waits_briefly
       ON CONFLICT (scope, key) DO NOTHING RETURNING true)`,
    );
  }
  // The claim has stored `null` already.
  if (keyResult && keyResult.result !== null) {
    const { idempotencyKey, result } = keyResult;
    expressions.push(
      `answered AS (UPDATE idempotency_key SET result = ${bind(JSON.stringify(result))}::json
       WHERE scope = ${bind(idempotencyKey.scope)} AND key = ${bind(idempotencyKey.key)})`,
    );
  }
  if (step) {
    const { record, now } = step;
    const sagaId = bind(record.sagaId);
    const at = `${bind(now)}::timestamptz`;
    // A statement can change a row only once. A saga that the command changes has started already.
    if (![...updates.keys()].some(({ name }) => name === 'saga')) {
      expressions.push(
        `started AS (UPDATE saga SET started_at = ${at} WHERE saga_id = ${sagaId} AND started_at IS NULL AND ${isClaimed})`,
      );
    }
    expressions.push(
      `step AS (INSERT INTO saga_step (saga_id, name, state, attempts, started_at, ended_at)
       SELECT ${sagaId}, ${bind(record.name)}, ${bind(record.state)}, ${bind(record.attempts)}::int, ${bind(record.startedAt)}::timestamptz, ${at}
       WHERE ${isClaimed}
       ON CONFLICT (saga_id, name) DO UPDATE SET state = excluded.state, ended_at = excluded.ended_at, next_attempt_at = NULL,
         started_at = coalesce(saga_step.started_at, excluded.started_at),
         error = CASE WHEN excluded.state = 'done' THEN NULL ELSE saga_step.error END,
         attempts = excluded.attempts
           + CASE WHEN saga_step.state IN ('running', 'undoing') THEN saga_step.attempts ELSE 0 END)`,
    );
  }
  for (const [{ name }, rows] of inserts) {
    const columns = columnsOf(rows);
    expressions.push(
      `new_${name} AS (INSERT INTO ${name} (${columns.join(', ')})
       SELECT ${columns.join(', ')} FROM json_populate_recordset(NULL::${name}, ${bind(JSON.stringify(rows))}::json) WHERE ${isClaimed})`,
    );
  }
  for (const [{ name, key }, rows] of updates) {
    const columns = columnsOf(rows).filter((column) => column !== `"${key}"`);
    expressions.push(
      `changed_${name} AS (UPDATE ${name} AS stored SET ${columns.map((column) => `${column} = next.${column}`).join(', ')}
       FROM json_populate_recordset(NULL::${name}, ${bind(JSON.stringify(rows))}::json) AS next
       WHERE stored.${key} = next.${key} AND ${isClaimed})`,
    );
  }
  if (expressions.length === 0) return { sql: '', parameters };
  return { sql: `WITH ${expressions.join(',\n')}\nSELECT ${isClaimed} AS claimed`, parameters };
}

const columnsOf = (rows: readonly Row[]): string[] => Object.keys(rows[0] ?? {}).map((column) => `"${column}"`);

/**
 * The record of a saga's step, committed with the effect of the step. The start sweeper skips the saga from then on.
 */
export interface SagaStepRecord {
  readonly sagaId: string;
  readonly name: string;
  readonly state: 'done' | 'undone';
  /** The attempts of the activity, as Temporal counts them. */
  readonly attempts: number;
  /** The time when the activity was first scheduled: RFC 3339, UTC. */
  readonly startedAt: string;
}
