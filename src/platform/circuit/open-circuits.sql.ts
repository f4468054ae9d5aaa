import type { Queryable } from '../database/queryable';
import type { CircuitState } from './circuit-state';

/** A worker that has not refreshed its rows for this long is taken for gone. */
const GONE_AFTER_MS = 10_000;

export interface CircuitReport {
  readonly name: string;
  readonly state: CircuitState;
  readonly changedAt: Date;
}

/**
 * Makes these the circuits that this worker tells of, all of them, and forgets those of workers that
 * are gone. By the database's clock, but for `changedAt`.
 */
export async function writeOpenCircuits(
  database: Queryable,
  worker: string,
  circuits: readonly CircuitReport[],
): Promise<void> {
  await database.$executeRawUnsafe(
    `WITH mine AS (
       SELECT * FROM unnest($2::text[], $3::text[], $4::timestamptz[]) AS circuit (name, state, changed_at)),
     written AS (
       INSERT INTO circuit_breaker (name, worker, state, changed_at, seen_at)
       SELECT name, $1, state, changed_at, now() FROM mine
       ON CONFLICT (name, worker) DO UPDATE
       SET state = excluded.state, changed_at = excluded.changed_at, seen_at = excluded.seen_at)
     DELETE FROM circuit_breaker
     WHERE (worker = $1 AND name NOT IN (SELECT name FROM mine))
        OR (worker <> $1 AND seen_at < now() - $5 * interval '1 millisecond')`,
    worker,
    circuits.map(({ name }) => name),
    circuits.map(({ state }) => state),
    circuits.map(({ changedAt }) => changedAt.toISOString()),
    GONE_AFTER_MS,
  );
}

export interface OpenCircuit {
  readonly name: string;
  /** In how many workers. */
  readonly workers: number;
}

/** The circuits of a kind that some worker that is alive tells of. */
export async function readOpenCircuits(
  database: Queryable,
  kind: 'payment_provider' | 'carrier',
): Promise<readonly OpenCircuit[]> {
  return database.$queryRawUnsafe<OpenCircuit[]>(
    `SELECT name, count(*)::int AS workers FROM circuit_breaker
     WHERE split_part(name, '/', 1) = $1 AND seen_at >= now() - $2 * interval '1 millisecond'
     GROUP BY name ORDER BY name`,
    kind,
    GONE_AFTER_MS,
  );
}
