import type { Queryable } from '../platform/database/database';
import type { ProviderCharge } from '../payments/provider/payment-provider';
import type { Difference } from './difference';
import { rfc3339 } from '../platform/database/rfc3339';

export interface Run {
  readonly run_id: string;
  /** RFC 3339, UTC. */
  readonly since: string;
  /** Of this deployment, or asked by an earlier one. */
  readonly providers: readonly string[];
}

/** A run, by the database's clock. */
export async function insertRun(tx: Queryable, runId: string, windowMs: number, graceMs: number): Promise<Run> {
  const [run] = await tx.$queryRawUnsafe<[Run]>(
    `INSERT INTO reconciliation_run (run_id, started_at, since, settled_at)
     VALUES ($1, now(), now() - $2::float8 * interval '1 ms', now() - $3::float8 * interval '1 ms')
     RETURNING run_id, ${rfc3339('since')} AS since,
       (SELECT coalesce(array_agg(DISTINCT provider), '{}') FROM provider_charge
        WHERE created_at >= now() - $2::float8 * interval '1 ms') AS providers`,
    runId,
    windowMs,
    graceMs,
  );
  return run;
}

export async function insertCharges(
  tx: Queryable,
  runId: string,
  provider: string,
  charges: readonly ProviderCharge[],
): Promise<void> {
  await tx.$executeRawUnsafe(
    `INSERT INTO reconciliation_charge
       (run_id, provider, key, charge_ref, payment_id, amount, currency, refunded_amount, created_at)
     SELECT DISTINCT ON (key) $1, $2, key, charge_ref, payment_id, amount, currency, refunded_amount, created_at
     FROM jsonb_to_recordset($3::jsonb) AS charge (key text, charge_ref text, payment_id text, amount bigint,
       currency text, refunded_amount bigint, created_at timestamptz)
     ON CONFLICT (run_id, provider, key) DO UPDATE SET refunded_amount = EXCLUDED.refunded_amount`,
    runId,
    provider,
    JSON.stringify(charges),
  );
}

/** All that the provider has is copied. */
export async function markRead(tx: Queryable, runId: string, provider: string): Promise<void> {
  await tx.$executeRawUnsafe(
    `UPDATE reconciliation_run SET providers = providers || $2 WHERE run_id = $1 AND NOT $2 = ANY (providers)`,
    runId,
    provider,
  );
}

/** Keeps what was found, with the time when it was found first. @returns what is new */
export async function upsertDifferences(
  tx: Queryable,
  runId: string,
  differences: readonly Difference[],
): Promise<Difference[]> {
  if (differences.length === 0) return [];
  return tx.$queryRawUnsafe<Difference[]>(
    `WITH found AS (SELECT * FROM jsonb_to_recordset($2::jsonb)
         AS found (kind text, subject text, detail text, expected text, actual text)),
       fresh AS (SELECT * FROM found WHERE NOT EXISTS (SELECT FROM reconciliation_difference known
         WHERE known.kind = found.kind AND known.subject = found.subject)),
       kept AS (INSERT INTO reconciliation_difference (kind, subject, detail, expected, actual, run_id, first_seen_at)
         SELECT kind, subject, detail, expected, actual, $1, now() FROM found
         ON CONFLICT (kind, subject) DO UPDATE
         SET detail = EXCLUDED.detail, expected = EXCLUDED.expected, actual = EXCLUDED.actual, run_id = $1)
     SELECT kind, subject, detail, expected, actual FROM fresh`,
    runId,
    JSON.stringify(differences),
  );
}

/** What this run did not find is gone; of a kind that it could not look for, nothing is. @returns how many went */
export function deleteOthers(tx: Queryable, runId: string, keptKinds: readonly string[]): Promise<number> {
  return tx.$executeRawUnsafe(
    `DELETE FROM reconciliation_difference WHERE run_id <> $1 AND NOT kind = ANY ($2::text[])`,
    runId,
    [...keptKinds],
  );
}

/** The run is the one that operators see; those before it go. */
export async function finishRun(tx: Queryable, runId: string): Promise<void> {
  await tx.$executeRawUnsafe('UPDATE reconciliation_run SET finished_at = now() WHERE run_id = $1', runId);
  await tx.$executeRawUnsafe(
    `DELETE FROM reconciliation_run run WHERE run_id <> $1
       AND NOT EXISTS (SELECT FROM reconciliation_charge copied WHERE copied.run_id = run.run_id)`,
    runId,
  );
}

/** Forgets one batch of what runs have copied. @returns how many charges */
export function deleteCopies(tx: Queryable, limit: number): Promise<number> {
  return tx.$executeRawUnsafe(
    `DELETE FROM reconciliation_charge WHERE ctid = ANY (ARRAY(SELECT ctid FROM reconciliation_charge LIMIT $1))`,
    limit,
  );
}

/** When the last finished run began, RFC 3339; `null` before the first. */
export async function readCheckedAt(database: Queryable): Promise<string | null> {
  const [run] = await database.$queryRawUnsafe<{ checked_at: string }[]>(
    `SELECT ${rfc3339('started_at')} AS checked_at FROM reconciliation_run
     WHERE finished_at IS NOT NULL ORDER BY started_at DESC LIMIT 1`,
  );
  return run?.checked_at ?? null;
}

export type SeenDifference = Difference & { readonly first_seen_at: string };

/** Longest known first, behind the one given by its three parts. */
export function findDifferences(
  database: Queryable,
  kind: string | null,
  after: readonly string[],
  limit: number,
): Promise<SeenDifference[]> {
  return database.$queryRawUnsafe<SeenDifference[]>(
    `SELECT kind, subject, detail, expected, actual,
       ${rfc3339('first_seen_at')} AS first_seen_at
     FROM reconciliation_difference
     WHERE (first_seen_at, kind, subject) > ($2::timestamptz, $3, $4) AND ($1::text IS NULL OR kind = $1)
     ORDER BY reconciliation_difference.first_seen_at, kind, subject LIMIT $5`,
    kind,
    ...after,
    limit,
  );
}

export interface ReconciliationState {
  /** Since the last finished run began; `null` before the first. */
  readonly ageSeconds: number | null;
  readonly differences: readonly { readonly kind: string; readonly count: number }[];
}

export async function readState(database: Queryable): Promise<ReconciliationState> {
  const [[run], differences] = await Promise.all([
    database.$queryRawUnsafe<{ age: number | null }[]>(
      `SELECT extract(epoch FROM now() - max(started_at))::float8 AS age FROM reconciliation_run
       WHERE finished_at IS NOT NULL`,
    ),
    database.$queryRawUnsafe<{ kind: string; count: number }[]>(
      'SELECT kind, count(*)::int AS count FROM reconciliation_difference GROUP BY kind',
    ),
  ]);
  return { ageSeconds: run?.age ?? null, differences };
}
