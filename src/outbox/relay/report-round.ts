import type { Logger } from '../../platform/telemetry/logger';
import type { Batch } from './batch';
import { publishErrorReason } from './publish-error';
import type { SendResult } from './isolate';

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
