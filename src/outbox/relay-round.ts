import type { EventRegistry } from '../events/registry';
import type { CloudEventsMode } from '../kafka/cloud-events';
import type { Queryable } from '../platform/database/statements';
import type { Faults } from '../platform/faults';
import type { Logger } from '../platform/logger';
import { groupBy } from '../platform/values';
import { createMark } from './acknowledge';
import { type Batch, composeBatch, publishErrorReason } from './batch';
import { createLowWatermarks } from './low-watermark';
import type { OutboxConfig } from './outbox-config';
import type { Sender, SendResult } from './publisher';
import type { RelayMetrics } from './relay-metrics';
import { claimPending, type Lease, type PendingRow, requireAll } from './relay.sql';

/** What is logged of a round. */
export interface RoundReport {
  readonly result: SendResult;
  readonly batch: Batch;
  readonly logger: Logger;
  readonly durationMs: number;
}

/** Logs one round: each event at debug, and the batch at debug or, after a failure, at info. */
export function reportRound({ result, batch, logger, durationMs }: RoundReport): void {
  const published = result.published.length;
  const total = batch.rows.length + batch.failed.length;

  if (logger.isLevelEnabled('debug')) {
    for (const { event_id, type, aggregate_id, version } of result.published) {
      logger.debug({ event_id, type, aggregate_id, version }, 'outbox.event_published');
    }
  }
  logger[published === total ? 'debug' : 'info'](
    {
      published,
      failed: total - published,
      total,
      success_rate: Math.round((published / total) * 1000) / 1000,
      duration_ms: Math.round(durationMs * 10) / 10,
    },
    'outbox.batch_complete',
  );
  if (result.brokerError !== undefined) {
    logger.warn({ reason: publishErrorReason(result.brokerError) }, 'outbox.broker_unavailable');
  }
}

/** What the rounds of a relay need. */
export interface RelayRoundOptions {
  readonly database: Queryable;
  readonly registry: EventRegistry;
  readonly config: OutboxConfig;
  /** Defaults to `binary`. */
  readonly cloudEventsMode?: CloudEventsMode;
  readonly logger: Logger;
  readonly faults: Pick<Faults, 'pass'>;
  readonly metrics: RelayMetrics;
  readonly signal: AbortSignal;
  readonly leases: readonly Lease[];
  readonly sender: Sender;
}

/** The outcome of one round. */
export interface RoundResult {
  readonly published: number;
  /** Whether the next round may begin at once, because more rows wait. */
  readonly busy: boolean;
  readonly brokerError?: unknown;
}

/** Runs the rounds of a relay. */
export interface RelayRound {
  /**
   * Claims the next rows of each shard, sends them in one request, and marks them.
   *
   * @throws FencedOff when another relay owns a shard
   * @throws the database's error; the next round starts from the rows that are pending then
   */
  run(): Promise<RoundResult>;
}

/** Creates the rounds of a relay, which claims the next batch while the one before is sent. */
export function createRelayRound(options: RelayRoundOptions): RelayRound {
  const { database, registry, config, cloudEventsMode: mode = 'binary' } = options;
  const { logger, faults, metrics, leases, sender } = options;
  const mark = createMark(options);
  const lowWatermarks = createLowWatermarks(
    database,
    leases.map(({ shard }) => shard),
  );
  /** The claim that runs while the batch before is sent. */
  let ahead: Promise<readonly PendingRow[]> | undefined;

  const claim = async (inFlight: readonly PendingRow[]): Promise<readonly PendingRow[]> => {
    const ids = inFlight.map(({ id }) => id);
    await lowWatermarks.advance();
    const looking = { limit: config.batchSize, inFlight: ids, lowWatermarks: lowWatermarks.current };
    const { owned, rows } = await claimPending(database, leases, looking);
    requireAll(leases, owned);
    return rows;
  };

  const hasFullShard = (rows: readonly PendingRow[]): boolean =>
    [...groupBy(rows, ({ shard }) => shard).values()].some(({ length }) => length >= config.batchSize);

  const claimAhead = ({ rows }: Batch): typeof ahead => {
    const claiming = claim(rows);
    claiming.catch(() => undefined);
    return claiming;
  };

  return {
    async run() {
      const started = performance.now();
      const claiming = ahead ?? claim([]);
      ahead = undefined;
      const claimed = await claiming;
      if (claimed.length === 0) return { published: 0, busy: false };
      const batch = composeBatch(claimed, registry, { mode });

      await faults.pass('relay.before_send');
      const sentAt = performance.now();
      const sending = sender.send(batch);
      const backlog = batch.cut || hasFullShard(claimed);
      const next = backlog ? claimAhead(batch) : undefined;
      const result = await sending;
      metrics.sent(batch, result, performance.now() - sentAt);
      await faults.pass('relay.after_send');
      await mark(result);
      await faults.pass('relay.after_mark');

      // Rows that were claimed ahead may follow a row that was not sent: claim again then.
      if (result.failed.length === 0 && result.brokerError === undefined) ahead = next;
      const durationMs = performance.now() - started;
      metrics.round(durationMs);
      reportRound({ result, batch, logger, durationMs });
      const busy = backlog || batch.rows.length >= config.batchSize / 2;
      return { published: result.published.length, busy, brokerError: result.brokerError };
    },
  };
}
