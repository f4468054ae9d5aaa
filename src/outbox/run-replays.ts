import type { Mediator } from '../cqrs/mediator';
import type { Queryable } from '../platform/database/statements';
import type { Logger } from '../platform/logger';
import { createBackoff, wait } from '../platform/timing';
import { continueReplay } from './replay';
import { type DueReplay, findDueReplays, postponeReplay } from './replay-range';

/** What the loop over the replays needs. */
export interface RunReplaysOptions {
  readonly database: Queryable;
  readonly mediator: Pick<Mediator, 'send'>;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Defaults to 500 ms. */
  readonly intervalMs?: number;
}

/** Replays that take turns, one chunk each. */
const PAGE = 20;
const MAX_PAUSE_MS = 15_000;
const MAX_WAIT_MS = 60_000;
const MAX_REASON_LENGTH = 300;

/**
 * Writes ordered replays into the outbox until the signal aborts. A failed replay waits longer each time and delays no
 * other. The database records where each replay stands, so another process goes on when this one dies.
 */
export async function runReplays(options: RunReplaysOptions): Promise<void> {
  const { database, logger, signal, intervalMs = 500 } = options;
  const pause = createBackoff({ initialMs: intervalMs, maxMs: MAX_PAUSE_MS });
  while (!signal.aborted) {
    try {
      const due = await findDueReplays(database, PAGE);
      let isMore = false;
      for (const replay of due) if (!signal.aborted && (await goOn(options, replay))) isMore = true;
      pause.reset();
      if (!isMore) await wait(intervalMs, signal);
    } catch (error) {
      const wait_ms = pause.next();
      logger.warn({ err: error, wait_ms }, 'outbox.replays_delayed');
      await wait(wait_ms, signal);
    }
  }
}

/**
 * Writes the next chunk of a replay and returns whether there was one.
 *
 * @throws the database's error when the failure cannot be recorded either
 */
async function goOn({ database, mediator, logger }: RunReplaysOptions, replay: DueReplay): Promise<boolean> {
  const { replay_id, attempts } = replay;
  try {
    return (await mediator.send(continueReplay({ replay_id }))) === 'more';
  } catch (error) {
    const initialMs = Math.min(1_000 * 2 ** Math.min(attempts, 10), MAX_WAIT_MS);
    const waitMs = createBackoff({ initialMs, maxMs: MAX_WAIT_MS }).next();
    const reason = (error instanceof Error ? error.message : String(error)).slice(0, MAX_REASON_LENGTH);
    await postponeReplay(database, replay_id, { waitMs, reason });
    logger.warn({ err: error, replay_id, attempts: attempts + 1, wait_ms: waitMs }, 'outbox.replay_delayed');
    return false;
  }
}
