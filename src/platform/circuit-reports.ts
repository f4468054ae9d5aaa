import { randomUUID } from 'node:crypto';
import type { Circuit, CircuitState } from './circuit-breaker';
import type { Queryable } from './database/statements';
import type { Logger } from './logger';
import { wait } from './timing';

/** A worker whose rows are older than this counts as gone. */
const GONE_AFTER_MS = 10_000;

/** A circuit as a worker reports it. */
export interface CircuitReport {
  readonly name: string;
  readonly state: CircuitState;
  readonly changedAt: Date;
}

/**
 * Replaces this worker's rows with the given circuits, and deletes rows of workers that are gone. Times other than
 * `changedAt` are of the database's clock.
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

/** An open circuit, as `/health` shows it. */
export interface OpenCircuit {
  readonly name: string;
  /** The number of workers that report it. */
  readonly workers: number;
}

/** Reads the open circuits of a kind that live workers have reported. */
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

/** The options of {@link reportOpenCircuits}. */
export interface ReportOpenCircuitsOptions {
  readonly database: Queryable;
  readonly circuits: readonly Circuit[];
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

const INTERVAL_MS = 1_000;

/** A half-open circuit stays so without calls. The party counts as back when no call has failed for this long. */
const UNSURE_MS = 60_000;

/**
 * Reports this worker's open circuits for `/health` until the signal aborts, then deletes the reports. Sends no query
 * while no circuit is open. The reports of a killed worker expire after ten seconds.
 */
export async function reportOpenCircuits(options: ReportOpenCircuitsOptions): Promise<void> {
  const { database, circuits, logger, signal } = options;
  const worker = randomUUID();
  let told = false;

  const tell = async (open: readonly Circuit[]): Promise<void> => {
    if (open.length === 0 && !told) return;
    // Set before the result of the write is known, so that the next round deletes the rows if it succeeded.
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
