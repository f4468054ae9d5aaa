import { randomUUID } from 'node:crypto';
import type { Database } from '../../platform/database/database';
import type { Logger } from '../../platform/telemetry/logger';
import { wait } from '../../platform/wait';
import type { OwnedRelays } from './owned-relays';
import { checkIn } from './relay-worker.sql';

/** What the rebalancing of one worker needs. */
export interface RebalanceRelaysOptions {
  readonly database: Database;
  readonly owned: OwnedRelays;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

const INTERVAL_MS = 2_000;
/** The heartbeat time-out of the relays. */
const GONE_AFTER_MS = 10_000;
/** After a release the other workers check in first. The pause doubles each time that the released groups come back. */
const SHORTEST_PAUSE_MS = 3 * INTERVAL_MS;
const LONGEST_PAUSE_MS = 120_000;

/**
 * Releases shard groups while another worker owns at least two fewer, until the signal aborts. A released relay ends
 * after its batch in flight, and Temporal hands the group to the worker that has waited longest.
 *
 * A worker takes every group that it is handed, so a wrong count leaves no group without a relay. While Postgres is
 * away the groups stay where they are.
 */
export async function rebalanceRelays({ database, owned, logger, signal }: RebalanceRelaysOptions): Promise<void> {
  const workerId = randomUUID();
  /** How many it owned before its last release. */
  let before = Number.POSITIVE_INFINITY;
  let pauseMs = SHORTEST_PAUSE_MS;
  let pausedUntil = 0;

  while (!signal.aborted) {
    try {
      const fewest = await checkIn(database, { workerId, relays: owned.count, goneAfterMs: GONE_AFTER_MS });
      if (performance.now() >= pausedUntil) {
        const tooMany = surplus(owned.count, fewest);
        if (tooMany > 0) {
          pauseMs = owned.count < before ? SHORTEST_PAUSE_MS : Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
          pausedUntil = performance.now() + pauseMs;
          before = owned.count;
          logger.info({ relays: owned.count, released: tooMany }, 'outbox.relays_released');
          owned.release(tooMany);
        } else {
          before = Number.POSITIVE_INFINITY;
          pauseMs = SHORTEST_PAUSE_MS;
        }
      }
    } catch (error) {
      logger.debug({ err: error }, 'outbox.rebalance_delayed');
    }
    await wait(INTERVAL_MS, signal);
  }
}

/** How many of its groups a worker releases, so that no two workers differ by more than one. */
export const surplus = (mine: number, fewest: number | null): number =>
  fewest === null ? 0 : Math.max(0, Math.floor((mine - fewest) / 2));
