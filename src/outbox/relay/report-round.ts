import type { Logger } from '../../platform/logger';
import type { Batch } from './batch';
import { publishErrorReason } from './publish-error';
import type { SendResult } from './send-apart';

export interface RoundReport {
  readonly results: readonly SendResult[];
  readonly batches: readonly Batch[];
  readonly logger: Logger;
  readonly durationMs: number;
}

/** Sums up one round for its caller and the log. */
export function reportRound({ results, batches, logger, durationMs }: RoundReport) {
  const published = results.reduce((sum, result) => sum + result.published.length, 0);
  const total = batches.reduce((sum, { rows, failed }) => sum + rows.length + failed.length, 0);
  const brokerError = results.find((result) => result.brokerError !== undefined)?.brokerError;

  if (logger.isLevelEnabled('debug')) {
    for (const { published: rows } of results) {
      for (const { event_id, type, aggregate_id, version } of rows) {
        logger.debug({ event_id, type, aggregate_id, version }, 'outbox.event_published');
      }
    }
  }
  logger.info(
    {
      published,
      failed: total - published,
      total,
      success_rate: Math.round((published / total) * 1000) / 1000,
      duration_ms: Math.round(durationMs * 10) / 10,
    },
    'outbox.batch_complete',
  );
  if (brokerError !== undefined) {
    logger.warn({ reason: publishErrorReason(brokerError) }, 'outbox.broker_unavailable');
  }
  return { published, brokerError };
}
