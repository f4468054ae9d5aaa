import type { EventRegistry } from '../events/registry';
import type { Kafka } from '../kafka/client';
import type { CloudEventsMode } from '../kafka/cloud-events';
import type { Queryable } from '../platform/database/statements';
import type { Faults } from '../platform/faults';
import type { Logger } from '../platform/logger';
import { createBackoff, wait } from '../platform/timing';
import { pollOnly, type WakeUp } from './notify';
import type { OutboxConfig } from './outbox-config';
import { createProgress, notingDatabase, type Progress, RelayStalled } from './progress';
import { createSender, type Sender } from './publisher';
import { noRelayMetrics, type RelayMetrics } from './relay-metrics';
import { createRelayRound, type RelayRound, type RoundResult } from './relay-round';
import { FencedOff, takeShards } from './relay.sql';

/** What a relay needs. */
export interface RelayOptions {
  readonly database: Queryable;
  readonly kafka: Kafka;
  /** Knows each event type's topic. */
  readonly registry: EventRegistry;
  readonly config: OutboxConfig;
  /** Defaults to `binary`. */
  readonly cloudEventsMode?: CloudEventsMode;
  readonly shards: readonly number[];
  readonly logger: Logger;
  readonly faults: Pick<Faults, 'pass'>;
  /** Ends the run after the batch in flight. */
  readonly signal: AbortSignal;
  /** The run also ends between two batches after this time. */
  readonly runForMs: number;
  /** Called every second while the round moves, also while it waits for Kafka or Postgres. */
  readonly heartbeat: () => void;
  /** A round that has not moved for this long has stalled. Defaults to 30 s, longer than any answer may take. */
  readonly stalledAfterMs?: number;
  readonly wakeUp?: WakeUp;
  readonly metrics?: RelayMetrics;
}

/** The outcome of a run. */
export interface RelayResult {
  /** Rows published in this run. */
  readonly published: number;
  /** Whether another relay has taken the shards. */
  readonly fencedOff: boolean;
}

const HEARTBEAT_MS = 1_000;
/** A send ends after 20 s at the latest, a statement sooner. */
const STALLED_AFTER_MS = 30_000;
const BACKOFF = { initialMs: 100, maxMs: 3_000 };

/**
 * Publishes the pending rows of its shards until the time is up or the signal aborts: claim, send, mark. Each event is
 * published at least once, in order per aggregate. A row is deleted only after all in-sync replicas have it, so a crash
 * or a failed send repeats at most one batch per shard.
 *
 * The start fences the owner before off. An outage of Kafka or Postgres is waited out with backoff; it throws nothing
 * and counts against no row.
 *
 * @throws RelayStalled when a call hangs; the relay must be run again, here or elsewhere
 */
export async function runRelay(options: RelayOptions): Promise<RelayResult> {
  const { logger, shards, heartbeat, stalledAfterMs = STALLED_AFTER_MS } = options;
  const progress = createProgress();
  const givenUp = new AbortController();
  const signal = AbortSignal.any([options.signal, givenUp.signal]);
  const sender = createSender({ ...options, progress });
  let beat: NodeJS.Timeout | undefined;

  const stalled = new Promise<never>((_, reject) => {
    beat = setInterval(() => {
      if (progress.silentMs() < stalledAfterMs) heartbeat();
      else reject(new RelayStalled(progress.silentMs()));
    }, HEARTBEAT_MS);
  });
  try {
    heartbeat();
    const database = notingDatabase(options.database, progress);
    return await Promise.race([stalled, publishPending({ ...options, database, signal, sender, progress })]);
  } catch (error) {
    logger.error({ err: error, shards }, 'outbox.relay_stalled');
    throw error;
  } finally {
    clearInterval(beat);
    givenUp.abort();
    await sender.close();
  }
}

interface PublishOptions extends RelayOptions {
  readonly sender: Sender;
  readonly progress: Progress;
}

async function publishPending(options: PublishOptions): Promise<RelayResult> {
  const { database, shards, config, logger, signal, wakeUp = pollOnly, metrics = noRelayMetrics } = options;
  const { sender, progress } = options;
  const until = performance.now() + options.runForMs;
  const goesOn = (): boolean => !signal.aborted && performance.now() < until;
  const backoff = createBackoff(BACKOFF);
  let round: RelayRound | undefined;
  let published = 0;

  const runRound = async (): Promise<RoundResult> => {
    round ??= createRelayRound({ ...options, metrics, sender, leases: await takeShards(database, shards) });
    return round.run();
  };

  while (goesOn()) {
    try {
      const done = await progress.during(runRound);
      published += done.published;
      if (done.brokerError !== undefined) {
        metrics.waits('broker');
        await wait(backoff.next(), signal);
      } else {
        backoff.reset();
        if (!done.busy) await wakeUp.wait(config.pollIntervalMs, signal);
      }
    } catch (error) {
      if (error instanceof FencedOff) {
        metrics.fencedOff();
        logger.warn({ shards: error.shards }, 'outbox.relay_fenced_off');
        return { published, fencedOff: true };
      }
      const wait_ms = backoff.next();
      metrics.waits('database');
      logger.warn({ err: error, shards, wait_ms }, 'outbox.relay_delayed');
      await wait(wait_ms, signal);
    }
  }
  return { published, fencedOff: false };
}
