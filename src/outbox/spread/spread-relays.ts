import { randomUUID } from 'node:crypto';
import type { Database } from '../../platform/database/database';
import type { Logger } from '../../platform/telemetry/logger';
import { wait } from '../../platform/wait';
import type { HeldRelays } from './held-relays';
import { checkIn } from './relay-worker.sql';

export interface SpreadRelaysOptions {
  readonly database: Database;
  readonly held: HeldRelays;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

const INTERVAL_MS = 2_000;
/** As long as Temporal waits for a heartbeat of its relays. */
const GONE_AFTER_MS = 10_000;
/** After giving some back, the others check in first; twice as long each time that nobody took them. */
const SHORTEST_PAUSE_MS = 3 * INTERVAL_MS;
const LONGEST_PAUSE_MS = 120_000;

/**
 * Gives lane groups back, until the signal aborts, while another worker has at least two fewer: its relay
 * ends after the batch in flight, and Temporal hands the group to the worker that has waited longest.
 *
 * A courtesy, not a limit: a worker takes every group that it is handed, so none is ever without a relay
 * because somebody was counted who is not there. While Postgres is away all stays as it is.
 */
export async function spreadRelays({ database, held, logger, signal }: SpreadRelaysOptions): Promise<void> {
  const workerId = randomUUID();
  /** How many it had when it last gave some back. */
  let before = Number.POSITIVE_INFINITY;
  let pauseMs = SHORTEST_PAUSE_MS;
  let pausedUntil = 0;

  while (!signal.aborted) {
    try {
      const fewest = await checkIn(database, { workerId, relays: held.count, goneAfterMs: GONE_AFTER_MS });
      if (performance.now() >= pausedUntil) {
        const tooMany = surplus(held.count, fewest);
        if (tooMany > 0) {
          pauseMs = held.count < before ? SHORTEST_PAUSE_MS : Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
          pausedUntil = performance.now() + pauseMs;
          before = held.count;
          logger.info({ relays: held.count, given_back: tooMany }, 'outbox.relays_given_back');
          held.giveBack(tooMany);
        } else {
          before = Number.POSITIVE_INFINITY;
          pauseMs = SHORTEST_PAUSE_MS;
        }
      }
    } catch (error) {
      logger.debug({ err: error }, 'outbox.spread_waits');
    }
    await wait(INTERVAL_MS, signal);
  }
}

/** How many of mine to give back, so that no two workers are more than one apart. */
export const surplus = (mine: number, fewest: number | null): number =>
  fewest === null ? 0 : Math.max(0, Math.floor((mine - fewest) / 2));
