import { randomUUID } from 'node:crypto';
import { SHARDS } from '../events/append';
import type { Database, Queryable } from '../platform/database/database';
import type { Logger } from '../platform/logger';
import { reasonOf, type TemporalClient } from '../platform/temporal/temporal';
import { wait } from '../platform/timing';
import { type RelayInput, relayWorkflowId, taskQueues } from '../temporal-contract';

/** The relays that run in this worker, one for each shard group that it owns. */
export interface OwnedRelays {
  /** How many run now. */
  readonly count: number;
  /** Runs a relay and counts it until it ends. The signal aborts when its group is to go to another worker. */
  run<Result>(relay: (released: AbortSignal) => Promise<Result>): Promise<Result>;
  /** Ends that many relays, the newest first, each after its batch in flight. */
  release(count: number): void;
}

/** Creates the register of a worker that owns no relay yet. */
export function createOwnedRelays(): OwnedRelays {
  const owned = new Set<AbortController>();
  return {
    get count() {
      return owned.size;
    },
    async run(relay) {
      const controller = new AbortController();
      owned.add(controller);
      try {
        return await relay(controller.signal);
      } finally {
        owned.delete(controller);
      }
    },
    release(count) {
      for (const controller of [...owned].reverse().slice(0, count)) controller.abort();
    },
  };
}

/** One worker's report of itself. */
export interface CheckIn {
  readonly workerId: string;
  /** Shard groups that it relays now. */
  readonly relays: number;
  /** A worker that has not checked in for this long counts as gone. */
  readonly goneAfterMs: number;
}

/**
 * Records that the worker runs, and deletes the rows of workers that are gone, by the database's clock.
 *
 * @returns the fewest relays that another worker has; `null` without another worker
 */
export async function checkIn(database: Queryable, { workerId, relays, goneAfterMs }: CheckIn): Promise<number | null> {
  const [row] = await database.$queryRawUnsafe<{ fewest: number | null }[]>(
    `WITH me AS (
       INSERT INTO relay_worker (worker_id, relays, seen_at) VALUES ($1, $2, now())
       ON CONFLICT (worker_id) DO UPDATE SET relays = EXCLUDED.relays, seen_at = EXCLUDED.seen_at),
     gone AS (
       DELETE FROM relay_worker WHERE worker_id <> $1 AND seen_at < now() - $3 * interval '1 millisecond')
     SELECT min(relays) AS fewest FROM relay_worker
     WHERE worker_id <> $1 AND seen_at >= now() - $3 * interval '1 millisecond'`,
    workerId,
    relays,
    goneAfterMs,
  );
  return row?.fewest ?? null;
}

/** What the rebalancing of one worker needs. */
export interface RebalanceRelaysOptions {
  readonly database: Database;
  readonly owned: OwnedRelays;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

const REBALANCE_INTERVAL_MS = 2_000;
/** The heartbeat time-out of the relays. */
const GONE_AFTER_MS = 10_000;
/** After a release the other workers check in first. The pause doubles each time that the released groups come back. */
const SHORTEST_PAUSE_MS = 3 * REBALANCE_INTERVAL_MS;
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
    await wait(REBALANCE_INTERVAL_MS, signal);
  }
}

/** How many of its groups a worker releases, so that no two workers differ by more than one. */
export const surplus = (mine: number, fewest: number | null): number =>
  fewest === null ? 0 : Math.max(0, Math.floor((mine - fewest) / 2));

/** What the start of the relays needs. */
export interface KeepRelaysRunningOptions {
  readonly temporal: TemporalClient;
  readonly shardsPerRelay: number;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** Returns the number of shard groups. */
export const relayGroups = (shardsPerRelay: number): number => SHARDS / shardsPerRelay;

const KEEP_RUNNING_INTERVAL_MS = 5_000;
const DEADLINE_MS = 2_000;

/**
 * Starts the relay workflow of each group that has none running, every 5 s until the signal aborts. A start of a
 * running workflow changes nothing, so all workers may call this. A group that Temporal refuses does not delay the
 * others.
 */
export async function keepRelaysRunning(options: KeepRelaysRunningOptions): Promise<void> {
  const { shardsPerRelay, logger, signal } = options;
  const groups = Array.from({ length: relayGroups(shardsPerRelay) }, (_, group) => group);
  let reported: string | undefined;
  while (!signal.aborted) {
    const starts = await Promise.allSettled(groups.map((group) => startRelay(options, group)));
    const failed = groups.filter((group) => starts[group]?.status === 'rejected');
    const [failure] = starts.flatMap((start) => (start.status === 'rejected' ? [reasonOf(start.reason)] : []));
    if (failed.join() !== reported) {
      if (failure !== undefined) logger.warn({ reason: failure, relay_groups: failed }, 'relay.start_failed');
      else if (reported !== undefined) logger.info('temporal.reconnected');
    }
    reported = failure === undefined ? undefined : failed.join();
    await wait(KEEP_RUNNING_INTERVAL_MS, signal);
  }
}

async function startRelay({ temporal, shardsPerRelay }: KeepRelaysRunningOptions, group: number): Promise<void> {
  const workflowId = relayWorkflowId(group);
  const input: RelayInput = { group };
  await temporal.within(DEADLINE_MS, () =>
    temporal.client.workflow.start('outboxRelay', {
      workflowId,
      taskQueue: taskQueues.sagas,
      args: [input],
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      workflowIdConflictPolicy: 'USE_EXISTING',
      staticSummary: `relays the outbox, shards ${group * shardsPerRelay} to ${(group + 1) * shardsPerRelay - 1}`,
    }),
  );
}
