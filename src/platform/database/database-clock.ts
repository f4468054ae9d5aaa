import type { Logger } from '../logger';
import { followClock, wait } from '../timing';
import type { Queryable } from './statements';

/** The options of {@link followDatabaseClock}. */
export interface DatabaseClockOptions {
  readonly database: Queryable;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

const INTERVAL_MS = 30_000;
const RETRY_MS = 1_000;
/** The longest wait of a start for the first reading. A database that does not answer has failed an earlier check. */
const FIRST_WITHIN_MS = 10_000;
/** A reading that took longer is inexact. It counts only until there is a better one. */
const SLOW_MS = 1_000;

/**
 * Makes the process use the database's clock, because its timestamps are compared with `now()` and with those of other
 * processes. Between two readings, the process counts on by its monotonic clock.
 *
 * @param withinMs discards a reading that took longer; defaults to no limit
 * @returns the duration of the reading in ms; the clock is exact to half of it
 */
export async function readDatabaseClock(database: Queryable, withinMs = Infinity): Promise<number> {
  // Opens the connection first, so that opening it does not count as part of the reading.
  await database.$queryRawUnsafe('SELECT');
  const askedAt = performance.now();
  const [row] = await database.$queryRawUnsafe<{ ms: number }[]>(
    'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms',
  );
  const answeredAt = performance.now();
  const tookMs = answeredAt - askedAt;
  if (!row || tookMs > withinMs) throw new Error(`The database took ${Math.round(tookMs)} ms to give the time.`);
  const base = row.ms + tookMs / 2 - answeredAt;
  followClock(() => Math.floor(base + performance.now()));
  return tookMs;
}

/**
 * Reads the database's clock again and again. Resolves after the first reading or the first failure. The process uses
 * its own clock until a reading succeeds.
 */
export async function followDatabaseClock(options: DatabaseClockOptions): Promise<void> {
  const first = new AbortController();
  void keepFollowing(options, () => first.abort());
  await wait(FIRST_WITHIN_MS, first.signal);
}

async function keepFollowing({ database, logger, signal }: DatabaseClockOptions, looked: () => void): Promise<void> {
  let withinMs = Infinity;
  while (!signal.aborted) {
    let next = RETRY_MS;
    try {
      const tookMs = await readDatabaseClock(database, withinMs);
      withinMs = Math.max(tookMs, SLOW_MS);
      if (tookMs <= SLOW_MS) next = INTERVAL_MS;
    } catch (error) {
      logger.debug({ err: error }, 'database.clock_unknown');
    }
    looked();
    await wait(next, signal);
  }
}
