import type { Queryable } from '../platform/database/database';
import type { Table } from '../platform/database/table';
import { type Once, ONCE_WAIT_MS } from './idempotency';

export type Row = object;

/** What a transaction writes at its end. */
export interface Writes {
  /** In this order, rows of one table having the same columns. */
  readonly inserts: ReadonlyMap<Table, readonly Row[]>;
  readonly updates: ReadonlyMap<Table, readonly Row[]>;
  /** Claimed in the same statement: when the key is there already, nothing is written. */
  readonly claim?: { readonly once: Once; readonly now: string; readonly result: unknown };
  /** The result of a key that an earlier statement of this transaction claimed. */
  readonly onceResult?: { readonly once: Once; readonly result: unknown };
  /** The saga step that this transaction is. */
  readonly step?: { readonly record: SagaStepRecord; readonly now: string };
}

/**
 * Writes all of it in ONE statement, one common table expression per table, rows as JSON: the text
 * depends on the tables alone, so Postgres plans it once per connection.
 *
 * @returns `false` when the once-key was there already, and nothing was written
 */
export async function write(database: Queryable, writes: Writes): Promise<boolean> {
  const { sql, parameters } = writeStatement(writes);
  if (sql === '') return true;
  const [row] = await database.$queryRawUnsafe<{ claimed: boolean }[]>(sql, ...parameters);
  return row?.claimed === true;
}

export function writeStatement({ inserts, updates, claim, onceResult, step }: Writes): {
  sql: string;
  parameters: unknown[];
} {
  const parameters: unknown[] = [];
  const bind = (value: unknown): string => `$${parameters.push(value)}`;
  const expressions: string[] = [];
  const isClaimed = claim ? 'EXISTS (SELECT FROM once)' : 'true';

  if (claim) {
    const { once, now, result } = claim;
    const expiresAt = new Date(Date.parse(now) + once.ttlMs).toISOString();
    expressions.push(
      `once AS (INSERT INTO idempotency_key (scope, key, fingerprint, result, source, expires_at)
       SELECT ${bind(once.scope)}, ${bind(once.key)}, ${bind(once.fingerprint ?? null)},
              ${bind(JSON.stringify(result))}::json, ${bind(once.source ?? null)}, ${bind(expiresAt)}::timestamptz
       FROM (SELECT set_config('lock_timeout', '${ONCE_WAIT_MS}ms', true)) AS waits_briefly
       ON CONFLICT (scope, key) DO NOTHING RETURNING true)`,
    );
  }
  // `null` is what the claim has left there.
  if (onceResult && onceResult.result !== null) {
    const { once, result } = onceResult;
    expressions.push(
      `answered AS (UPDATE idempotency_key SET result = ${bind(JSON.stringify(result))}::json
       WHERE scope = ${bind(once.scope)} AND key = ${bind(once.key)})`,
    );
  }
  if (step) {
    const { record, now } = step;
    const sagaId = bind(record.sagaId);
    const at = `${bind(now)}::timestamptz`;
    // One statement changes a row once: a saga that the command itself changes has started before.
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

/** What the `saga_step` row says once the step's transaction has committed, which also takes its saga off the sweeper's list. */
export interface SagaStepRecord {
  readonly sagaId: string;
  readonly name: string;
  readonly state: 'done' | 'undone';
  /** Of the activity, counted by Temporal. */
  readonly attempts: number;
  /** RFC 3339, UTC: when the activity was first scheduled. */
  readonly startedAt: string;
}
