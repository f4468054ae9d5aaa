import { randomUUID } from 'node:crypto';
import type { Logger } from '../telemetry/logger';
import type { Queryable } from '../database/queryable';
import { wait } from '../wait';
import type { Circuit } from './circuit-breaker';
import { writeOpenCircuits } from './open-circuits.sql';

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
