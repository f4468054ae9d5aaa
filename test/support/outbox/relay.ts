import { LANES } from '../../../src/outbox/lane';
import { type RelayOptions, type RelayResult, runRelay } from '../../../src/outbox/relay/relay';
import { createFaults } from '../../../src/platform/faults/faults';
import { silentLogger } from '../logger';

export const allLanes: readonly number[] = Array.from({ length: LANES }, (_, lane) => lane);
export const relayConfig = {
  batchSize: 100,
  pollIntervalMs: 20,
  maxRetryCount: 0,
  retryBackoffMultiplier: 2,
  lanesPerRelay: LANES,
};

export interface RunningRelay {
  readonly result: Promise<RelayResult>;
  stop(): Promise<RelayResult>;
}

/** The product's relay, in this process, for all lanes unless told. */
export function startRelay(
  options: Pick<RelayOptions, 'database' | 'kafka' | 'registry'> & Partial<RelayOptions>,
): RunningRelay {
  const abort = new AbortController();
  const result = runRelay({
    config: relayConfig,
    lanes: allLanes,
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
