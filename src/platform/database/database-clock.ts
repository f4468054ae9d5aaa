import type { Logger } from '../logger';
import { followClock, wait } from '../timing';
import type { Queryable } from './statements';

export interface DatabaseClockOptions {
  readonly database: Queryable;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

const INTERVAL_MS = 30_000;
const RETRY_MS = 1_000;
/** A start waits no longer for the first look; a database that does not answer has failed before. */
const FIRST_WITHIN_MS = 10_000;
/** An answer that took longer says little of the time: it is taken only while there is no better one. */
const SLOW_MS = 1_000;

/**
 * Makes this process read the database's clock: what it stamps is compared there with `now()`, and with what other
 * processes stamp. Between two looks it counts on by its own monotonic clock.
 *
 * @param withinMs a look that took longer is not taken; defaults to no limit
 * @returns how long the look took: its time is right to half of that
 */
export async function readDatabaseClock(database: Queryable, withinMs = Infinity): Promise<number> {
  // The look itself needs a connection that is open.
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
 * Looks again and again. Resolves after the first look, or after the first failure: the process has its own clock until
 * the database is back.
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
