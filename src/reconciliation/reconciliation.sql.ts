import type { ProviderCharge } from '../payments/providers/provider';
import type { Queryable } from '../platform/database/database';
import { rfc3339 } from '../platform/database/session';
import type { Discrepancy } from './reconcile';

/** A run of the reconciliation. */
export interface Run {
  readonly run_id: string;
  /** The start of the window. RFC 3339, UTC. */
  readonly since: string;
  /** The providers with charges in the window, also those that are no longer configured. */
  readonly providers: readonly string[];
}

/** Inserts a run, with times of the database's clock. */
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

/** Stores a part of a provider's charges. */
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

/** Marks a provider's list as complete. */
export async function markRead(tx: Queryable, runId: string, provider: string): Promise<void> {
  await tx.$executeRawUnsafe(
    `UPDATE reconciliation_run SET providers = providers || $2 WHERE run_id = $1 AND NOT $2 = ANY (providers)`,
    runId,
    provider,
  );
}

/** Stores the discrepancies with the time when each was first found. @returns the new discrepancies */
export async function upsertDiscrepancies(
  tx: Queryable,
  runId: string,
  discrepancies: readonly Discrepancy[],
): Promise<Discrepancy[]> {
  if (discrepancies.length === 0) return [];
  return tx.$queryRawUnsafe<Discrepancy[]>(
    `WITH found AS (SELECT * FROM jsonb_to_recordset($2::jsonb)
         AS found (kind text, subject text, detail text, expected text, actual text)),
       added AS (SELECT * FROM found WHERE NOT EXISTS (SELECT FROM reconciliation_difference known
         WHERE known.kind = found.kind AND known.subject = found.subject)),
       kept AS (INSERT INTO reconciliation_difference (kind, subject, detail, expected, actual, run_id, first_seen_at)
         SELECT kind, subject, detail, expected, actual, $1, now() FROM found
         ON CONFLICT (kind, subject) DO UPDATE
         SET detail = EXCLUDED.detail, expected = EXCLUDED.expected, actual = EXCLUDED.actual, run_id = $1)
     SELECT kind, subject, detail, expected, actual FROM added`,
    runId,
    JSON.stringify(discrepancies),
  );
}

/** Deletes the discrepancies that this run did not find, except for `keptKinds`. @returns their number */
export function deleteOthers(tx: Queryable, runId: string, keptKinds: readonly string[]): Promise<number> {
  return tx.$executeRawUnsafe(
    `DELETE FROM reconciliation_difference WHERE run_id <> $1 AND NOT kind = ANY ($2::text[])`,
    runId,
    [...keptKinds],
  );
}

/** Publishes the run to operators and deletes earlier runs. */
export async function finishRun(tx: Queryable, runId: string): Promise<void> {
  await tx.$executeRawUnsafe('UPDATE reconciliation_run SET finished_at = now() WHERE run_id = $1', runId);
  await tx.$executeRawUnsafe(
    `DELETE FROM reconciliation_run run WHERE run_id <> $1
       AND NOT EXISTS (SELECT FROM reconciliation_charge copied WHERE copied.run_id = run.run_id)`,
    runId,
  );
}

/** Deletes one batch of copied charges. @returns their number */
export function deleteCopies(tx: Queryable, limit: number): Promise<number> {
  return tx.$executeRawUnsafe(
    `DELETE FROM reconciliation_charge WHERE ctid = ANY (ARRAY(SELECT ctid FROM reconciliation_charge LIMIT $1))`,
    limit,
  );
}

/** The start of the last finished run, RFC 3339; `null` before the first. */
export async function readCheckedAt(database: Queryable): Promise<string | null> {
  const [run] = await database.$queryRawUnsafe<{ checked_at: string }[]>(
    `SELECT ${rfc3339('started_at')} AS checked_at FROM reconciliation_run
     WHERE finished_at IS NOT NULL ORDER BY started_at DESC LIMIT 1`,
  );
  return run?.checked_at ?? null;
}

/** A stored discrepancy. */
export type SeenDiscrepancy = Discrepancy & { readonly first_seen_at: string };

/** Reads a page of discrepancies, oldest first. @param after the three parts of the last position */
export function findDiscrepancies(
  database: Queryable,
  kind: string | null,
  after: readonly string[],
  limit: number,
): Promise<SeenDiscrepancy[]> {
  return database.$queryRawUnsafe<SeenDiscrepancy[]>(
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

/** What the metrics show. */
export interface ReconciliationState {
  /** Seconds since the start of the last finished run; `null` before the first. */
  readonly ageSeconds: number | null;
  readonly discrepancies: readonly { readonly kind: string; readonly count: number }[];
}

/** Reads the state of the last run. */
export async function readState(database: Queryable): Promise<ReconciliationState> {
  const [[run], discrepancies] = await Promise.all([
    database.$queryRawUnsafe<{ age: number | null }[]>(
      `SELECT extract(epoch FROM now() - max(started_at))::float8 AS age FROM reconciliation_run
       WHERE finished_at IS NOT NULL`,
    ),
    database.$queryRawUnsafe<{ kind: string; count: number }[]>(
      'SELECT kind, count(*)::int AS count FROM reconciliation_difference GROUP BY kind',
    ),
  ]);
  return { ageSeconds: run?.age ?? null, discrepancies };
}
