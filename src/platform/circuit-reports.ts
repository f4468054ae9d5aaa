import { randomUUID } from 'node:crypto';
import type { Circuit, CircuitState } from './circuit-breaker';
import type { Queryable } from './database/statements';
import type { Logger } from './logger';
import { wait } from './timing';

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

export interface ReportOpenCircuitsOptions {
  readonly database: Queryable;
  readonly circuits: readonly Circuit[];
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

const INTERVAL_MS = 1_000;

/** A half open circuit that nobody needs stays so: the party counts as back when no call has failed for so long. */
const UNSURE_MS = 60_000;

/**
 * Tells the API's `/health`, until the signal aborts, which circuits of this worker are open, or were a moment ago;
 * then takes it back. Asks nothing of Postgres while there is none. A worker that is killed is forgotten after ten seconds.
 */
export async function reportOpenCircuits(options: ReportOpenCircuitsOptions): Promise<void> {
  const { database, circuits, logger, signal } = options;
  const worker = randomUUID();
  let told = false;

  const tell = async (open: readonly Circuit[]): Promise<void> => {
    if (open.length === 0 && !told) return;
    // Noted before it is known whether the write came through: then the next round takes it back.
    told = true;
    await writeOpenCircuits(database, worker, open).then(
      () => void (told = open.length > 0),
      (error: unknown) => logger.debug({ err: error }, 'circuit.report_waits'),
    );
  };

  while (!signal.aborted) {
    await tell(circuits.filter(isTold));
    await wait(INTERVAL_MS, signal);
  }
  await tell([]);
}

const isTold = ({ state, changedAt }: Circuit): boolean =>
  state === 'open' || (state === 'half_open' && Date.now() - changedAt.getTime() < UNSURE_MS);
