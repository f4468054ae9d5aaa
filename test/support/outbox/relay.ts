import { SHARDS } from '../../../src/events/append';
import { type RelayOptions, type RelayResult, runRelay } from '../../../src/outbox/relay';
import { createFaults } from '../../../src/platform/faults';
import { silentLogger } from '../logger';

export const allShards: readonly number[] = Array.from({ length: SHARDS }, (_, shard) => shard);
export const relayConfig = {
  batchSize: 100,
  pollIntervalMs: 20,
  maxRetryCount: 0,
  retryBackoffMultiplier: 2,
  shardsPerRelay: SHARDS,
};

export interface RunningRelay {
  readonly result: Promise<RelayResult>;
  stop(): Promise<RelayResult>;
}

/** Runs the product's relay in this process. Shards default to all. */
export function startRelay(
  options: Pick<RelayOptions, 'database' | 'kafka' | 'registry'> & Partial<RelayOptions>,
): RunningRelay {
  const abort = new AbortController();
  const result = runRelay({
    config: relayConfig,
    shards: allShards,
    logger: silentLogger,
    faults: createFaults({ database: options.database, enabled: true, logger: silentLogger }),
    signal: abort.signal,
    runForMs: 120_000,
    heartbeat: () => undefined,
    ...options,
  });
  return {
    result,
    stop() {
      abort.abort();
      return result;
    },
  };
}
