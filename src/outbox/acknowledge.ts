import type { Queryable } from '../platform/database/statements';
import type { Logger } from '../platform/logger';
import { createBackoff, wait } from '../platform/timing';
import { type FailedRow, publishErrorReason } from './batch';
import type { OutboxConfig } from './outbox-config';
import type { SendResult } from './publisher';
import type { RelayMetrics } from './relay-metrics';
import { deletePublished, FencedOff, type Lease, type PendingRow, recordFailure, requireAll } from './relay.sql';

/** How long a row waits for its second attempt, without jitter. */
const FIRST_MS = 1_000;
/** The longest wait of a row, however often it has failed. */
const LONGEST_MS = 3_600_000;

/** What the wait of a failed row depends on. */
export interface RowBackoff {
  /** Failed attempts before this one. */
  readonly attempts: number;
  readonly multiplier: number;
  /** From 0 up to 1. */
  readonly random: () => number;
}

/**
 * Returns how long a failed row waits for its next attempt, in ms. The wait grows by the multiplier with each attempt
 * and lies in its upper half at random, so that rows of one batch do not come again together.
 */
export function rowBackoff({ attempts, multiplier, random }: RowBackoff): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * multiplier ** attempts);
  return Math.round(ceiling / 2 + (random() * ceiling) / 2);
}

/** What the mark of a batch needs. */
export interface MarkOptions {
  readonly database: Queryable;
  readonly config: OutboxConfig;
  readonly leases: readonly Lease[];
  readonly logger: Logger;
  readonly metrics: RelayMetrics;
  readonly signal: AbortSignal;
  /** From 0 up to 1, for the jitter of a row's next attempt. Defaults to `Math.random`. */
  readonly random?: () => number;
}

const BACKOFF = { initialMs: 100, maxMs: 3_000 };

/**
 * Creates the mark of a batch: it deletes published rows and counts the attempts of failed ones.
 *
 * While Postgres is away it waits, and the relay sends nothing else. So at most one batch per shard is stored by Kafka
 * and still pending here.
 */
export function createMark({ database, config, leases, logger, metrics, signal, random = Math.random }: MarkOptions) {
  const publishedRows = async (rows: readonly PendingRow[]): Promise<void> => {
    const backoff = createBackoff(BACKOFF);
    const ids = rows.map(({ id }) => id);
    for (;;) {
      try {
        requireAll(leases, await deletePublished(database, leases, ids));
        return;
      } catch (error) {
        if (error instanceof FencedOff || signal.aborted) throw error;
        metrics.waits('database');
        logger.warn({ err: error, rows: ids.length }, 'outbox.mark_delayed');
        await wait(backoff.next(), signal);
      }
    }
  };

  const failedRow = async ({ row, error }: FailedRow): Promise<void> => {
    const lease = leases.find(({ shard }) => shard === row.shard);
    if (!lease) return;
    const reason = publishErrorReason(error);
    const parkAt = config.maxRetryCount + 1;
    const retryAfterMs = rowBackoff({ attempts: row.attempts, multiplier: config.retryBackoffMultiplier, random });
    await recordFailure(database, { lease, id: row.id, reason, parkAt, retryAfterMs });
    const { id, event_id, aggregate_id } = row;
    const parked = row.attempts + 1 >= parkAt;
    if (parked) metrics.parked(row);
    logger.error(
      {
        id,
        event_id,
        aggregate_id,
        attempts: row.attempts + 1,
        reason,
        ...(!parked && { retry_after_ms: retryAfterMs }),
      },
      parked ? 'outbox.row_parked' : 'outbox.row_failed',
    );
  };

  return async function mark({ published, failed }: SendResult): Promise<void> {
    if (published.length > 0) await publishedRows(published);
    for (const failure of failed) await failedRow(failure);
  };
}
