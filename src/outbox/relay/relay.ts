import type { OutboxConfig } from '../../config';
import type { Kafka } from '../../messaging/kafka';
import type { CloudEventsMode } from '../../messaging/structured-event';
import { createBackoff } from '../../platform/backoff';
import type { Queryable } from '../../platform/database/queryable';
import type { Faults } from '../../platform/faults/faults';
import type { Logger } from '../../platform/telemetry/logger';
import { wait } from '../../platform/wait';
import type { EventRegistry } from '../event-registry';
import { FencedOff } from './fence';
import { noRelayMetrics, type RelayMetrics } from './relay-metrics';
import { createRelayRound, type RelayRound } from './relay-round';
import { takeLanes } from './relay.sql';
import { createSender } from './sender';
import { pollOnly, type WakeUp } from '../wake-up/wake-up';

export interface RelayOptions {
  readonly database: Queryable;
  readonly kafka: Kafka;
  /** Knows each event type's topic. */
  readonly registry: EventRegistry;
  readonly config: OutboxConfig;
  /** Binary unless told. */
  readonly cloudEventsMode?: CloudEventsMode;
  readonly lanes: readonly number[];
  readonly logger: Logger;
  readonly faults: Pick<Faults, 'pass'>;
  /** Ends the run after the batch in flight. */
  readonly signal: AbortSignal;
  /** The run also ends, between two batches, after this long. */
  readonly runForMs: number;
  /** Called at least every second, also while Kafka or Postgres is away. */
  readonly heartbeat: () => void;
  readonly wakeUp?: WakeUp;
  readonly metrics?: RelayMetrics;
}

export interface RelayResult {
  /** Rows published in this run. */
  readonly published: number;
  /** Another relay took the lanes meanwhile. */
  readonly fencedOff: boolean;
}

const HEARTBEAT_MS = 1_000;
const BACKOFF = { initialMs: 100, maxMs: 3_000 };

/**
 * Publishes the pending rows of its lanes until the time is up or the signal aborts: claim, send, mark.
 * At least once, and in order per aggregate: a row is deleted only after all in-sync replicas have it,
 * and a crash or failed send in between sends at most one batch per lane again.
 *
 * Taking the lanes fences their owner before off. Kafka or Postgres being away is waited out with
 * backoff, and counts against no row. Never throws for either.
 */
export async function runRelay(options: RelayOptions): Promise<RelayResult> {
  const { database, lanes, config, logger, signal, heartbeat, wakeUp = pollOnly, metrics = noRelayMetrics } = options;
  const until = performance.now() + options.runForMs;
  const goesOn = (): boolean => !signal.aborted && performance.now() < until;
  const backoff = createBackoff(BACKOFF);
  const beat = setInterval(heartbeat, HEARTBEAT_MS);
  const sender = createSender(options);
  let round: RelayRound | undefined;
  let published = 0;

  try {
    heartbeat();
    while (goesOn()) {
      try {
        round ??= createRelayRound({ ...options, metrics, sender, leases: await takeLanes(database, lanes) });
        const done = await round.run();
        published += done.published;
        if (done.brokerError !== undefined) {
          metrics.waits('broker');
          await wait(backoff.next(), signal);
        } else {
          backoff.reset();
          if (!done.busy) await wakeUp.wait(config.pollIntervalMs, signal);
        }
      } catch (error) {
        if (error instanceof FencedOff) throw error;
        const wait_ms = backoff.next();
        metrics.waits('database');
        logger.warn({ err: error, lanes, wait_ms }, 'outbox.relay_waits');
        await wait(wait_ms, signal);
      }
    }
    return { published, fencedOff: false };
  } catch (error) {
    if (!(error instanceof FencedOff)) throw error;
    metrics.fencedOff();
    logger.warn({ lanes: error.lanes }, 'outbox.relay_fenced_off');
    return { published, fencedOff: true };
  } finally {
    clearInterval(beat);
    await sender.close();
  }
}
