import type { OutboxConfig } from '../../outbox-config';
import { noFaults } from '../../platform/faults/faults';
import { silentLogger } from '../../platform/telemetry/silent-logger';
import { LANES } from '../lane';
import { RelayStalled } from '../relay/progress';
import { type RelayOptions, type RelayResult, runRelay } from '../relay/relay';

/** Where it publishes from and to, and what differs from the defaults. */
export interface StartRelayOptions
  extends
    Pick<RelayOptions, 'database' | 'kafka' | 'registry'>,
    Partial<Pick<RelayOptions, 'cloudEventsMode' | 'logger' | 'metrics' | 'wakeUp'>> {
  /** All 16 unless told. */
  readonly lanes?: readonly number[];
  /** Batches of 100, a poll each 50 ms, 3 retries at intervals that double. */
  readonly config?: Partial<OutboxConfig>;
}

export interface RunningRelay {
  /**
   * Settles when the relay has ended: stopped, or fenced off by another that took its lanes. Never
   * rejects while Kafka or Postgres are away: that is waited out.
   */
  readonly ended: Promise<RelayResult>;
  /** Finishes the batch in flight. */
  stop(): Promise<RelayResult>;
}

const DEFAULTS: OutboxConfig = {
  batchSize: 100,
  pollIntervalMs: 50,
  maxRetryCount: 3,
  retryBackoffMultiplier: 2,
  lanesPerRelay: LANES,
};

/**
 * The relay in this process, without Temporal: publishes the pending rows of its lanes until it is stopped.
 * At least once, and in order per aggregate.
 *
 * One relay owns a lane: starting another for the same lanes fences this one off, and it ends. So run one
 * process for a set of lanes, start it again when it dies, and let one that was fenced off end: two that
 * restart each other take turns, which is safe and slow.
 */
export function startRelay(options: StartRelayOptions): RunningRelay {
  const stopping = new AbortController();
  const ended = runAgainAfterStalls({
    logger: silentLogger,
    ...options,
    lanes: options.lanes ?? Array.from({ length: LANES }, (_, lane) => lane),
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
