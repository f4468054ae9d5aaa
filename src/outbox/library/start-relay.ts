import type { OutboxConfig } from '../../outbox-config';
import { noFaults } from '../../platform/faults/faults';
import { silentLogger } from '../../platform/telemetry/silent-logger';
import { SHARDS } from '../shard';
import { RelayStalled } from '../relay/progress';
import { type RelayOptions, type RelayResult, runRelay } from '../relay/relay';

/** Where a relay publishes from and to, and what differs from the defaults. */
export interface StartRelayOptions
  extends
    Pick<RelayOptions, 'database' | 'kafka' | 'registry'>,
    Partial<Pick<RelayOptions, 'cloudEventsMode' | 'logger' | 'metrics' | 'wakeUp'>> {
  /** Defaults to all 16. */
  readonly shards?: readonly number[];
  /** Defaults to batches of 100, a poll every 50 ms and 3 retries at intervals that double. */
  readonly config?: Partial<OutboxConfig>;
}

/** A relay that runs in this process. */
export interface RunningRelay {
  /**
   * Resolves when the relay has ended: it was stopped, or another relay took its shards. An outage of Kafka or Postgres
   * does not end it.
   */
  readonly ended: Promise<RelayResult>;
  /** Ends the relay after the batch in flight. */
  stop(): Promise<RelayResult>;
}

const DEFAULTS: OutboxConfig = {
  batchSize: 100,
  pollIntervalMs: 50,
  maxRetryCount: 3,
  retryBackoffMultiplier: 2,
  shardsPerRelay: SHARDS,
};

/**
 * Runs a relay in this process, without Temporal, until it is stopped. It publishes the pending rows of its shards at
 * least once, in order per aggregate.
 *
 * One relay owns a shard: the start of another for the same shards fences this one off, and it ends. Run one process
 * for a set of shards and restart it when it dies. Do not restart a relay that was fenced off: two relays that take the
 * shards from each other in turn are safe but slow.
 */
export function startRelay(options: StartRelayOptions): RunningRelay {
  const stopping = new AbortController();
  const ended = runAgainAfterStalls({
    logger: silentLogger,
    ...options,
    shards: options.shards ?? Array.from({ length: SHARDS }, (_, shard) => shard),
    config: { ...DEFAULTS, ...options.config },
    faults: noFaults,
    signal: stopping.signal,
    runForMs: Infinity,
    heartbeat: () => undefined,
  });
  return {
    ended,
    stop() {
      stopping.abort();
      return ended;
    },
  };
}

async function runAgainAfterStalls(options: RelayOptions): Promise<RelayResult> {
  for (;;) {
    try {
      return await runRelay(options);
    } catch (error) {
      if (!(error instanceof RelayStalled)) throw error;
    }
  }
}
