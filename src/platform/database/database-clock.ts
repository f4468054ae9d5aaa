import { followClock } from '../clock';
import type { Logger } from '../telemetry/logger';
import { wait } from '../wait';
import type { Queryable } from './queryable';

export interface DatabaseClockOptions {
  readonly database: Queryable;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

const INTERVAL_MS = 30_000;
const RETRY_MS = 1_000;
/** How long a start waits for the first look. */
const FIRST_WITHIN_MS = 1_000;
/** An answer that took longer says too little of the time. */
const SLOW_MS = 1_000;

/**
 * Makes this process read the database's clock: what it stamps is compared there with `now()`, and with what other
 * processes stamp. Between two looks it counts on by its own monotonic clock.
 */
export async function readDatabaseClock(database: Queryable): Promise<void> {
  // The look itself needs a connection that is open.
  await database.$queryRawUnsafe('SELECT');
  const askedAt = performance.now();
  const [row] = await database.$queryRawUnsafe<{ ms: number }[]>(
    'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms',
  );
  const answeredAt = performance.now();
  const tookMs = answeredAt - askedAt;
  if (!row || tookMs > SLOW_MS) throw new Error(`The database told the time only after ${Math.round(tookMs)} ms.`);
  const base = row.ms + tookMs / 2 - answeredAt;
  followClock(() => Math.floor(base + performance.now()));
}

/**
 * Looks again and again. Resolves after the first look; where the database is away, soon without one, and the process has
 * its own clock until it is back.
 */
export async function followDatabaseClock(options: DatabaseClockOptions): Promise<void> {
  const first = new AbortController();
  void keepFollowing(options, () => first.abort());
  await wait(FIRST_WITHIN_MS, first.signal);
}

async function keepFollowing({ database, logger, signal }: DatabaseClockOptions, looked: () => void): Promise<void> {
  while (!signal.aborted) {
    try {
      await readDatabaseClock(database);
      looked();
      await wait(INTERVAL_MS, signal);
    } catch (error) {
      logger.debug({ err: error }, 'database.clock_unknown');
      await wait(RETRY_MS, signal);
    }
  }
}
