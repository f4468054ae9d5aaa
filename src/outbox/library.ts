import { type EventContext, type EventRow, eventRows, type NewEvent, type OutboxRow, SHARDS } from '../events/append';
import type { EventRegistry } from '../events/registry';
import type { Queryable } from '../platform/database/statements';
import { noFaults } from '../platform/faults';
import { silentLogger } from '../platform/logger';
import { newId } from '../platform/values';
import type { OutboxConfig } from './outbox-config';
import { RelayStalled } from './progress';
import { type RelayOptions, type RelayResult, runRelay } from './relay';

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

/** Inserts events and their outbox rows with one statement, outbox ids in the order of the rows. */
export async function insertEvents(
  tx: Queryable,
  events: readonly EventRow[],
  outbox: readonly OutboxRow[],
): Promise<void> {
  await tx.$executeRawUnsafe(
    `WITH new_event AS (
       INSERT INTO event (event_id, aggregate_type, aggregate_id, version, type, data_version, payload, occurred_at,
         correlation_id, causation_id, traceparent)
       SELECT event_id, aggregate_type, aggregate_id, version, type, data_version, payload, occurred_at,
         correlation_id, causation_id, traceparent
       FROM json_populate_recordset(NULL::event, $1::json))
     INSERT INTO outbox (event_id, shard, aggregate_id)
     SELECT event_id, shard, aggregate_id FROM json_populate_recordset(NULL::outbox, $2::json)`,
    JSON.stringify(events),
    JSON.stringify(outbox),
  );
}

/** What to append. */
export interface AppendOptions {
  readonly registry: EventRegistry;
  /** The events of one aggregate in the order of their versions. */
  readonly events: readonly NewEvent[];
  /** What the events share. Defaults to now and a new correlation id. */
  readonly context?: Partial<EventContext>;
}

/**
 * Writes events into the outbox in the transaction that changes the state: both are committed, or neither. After the
 * commit a relay publishes each event at least once, in version order for its aggregate.
 *
 * Take `version` under a lock: update the aggregate's row first and count its version there
 * (`SET version = version + 1 … RETURNING version`). Without a lock two writers may take the same version. The database
 * then refuses the second with a unique violation, and the order still holds.
 *
 * @param tx the open transaction: Prisma's, or any client with its two raw calls
 * @returns the ids of the events, in their order
 * @throws Error when the registry does not know a type or a payload does not fit; nothing is written then
 */
export async function append(tx: Queryable, { registry, events, context }: AppendOptions): Promise<string[]> {
  if (events.length === 0) return [];
  const shared: EventContext = {
    occurred_at: new Date().toISOString(),
    correlation_id: newId('req'),
    causation_id: null,
    traceparent: null,
    ...context,
  };
  const rows = events.map((event) => eventRows(registry, event, shared, newId('evt')));
  await insertEvents(
    tx,
    rows.map(({ event }) => event),
    rows.map(({ outbox }) => outbox),
  );
  return rows.map(({ event }) => event.event_id);
}
