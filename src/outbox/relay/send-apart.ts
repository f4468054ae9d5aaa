import { groupBy } from '../../platform/group-by';
import type { FailedRow } from './batch';
import { publishErrorKind } from './publish-error';
import type { PendingRow } from './relay.sql';

export interface SendResult {
  /** Stored by all in-sync replicas. */
  readonly published: readonly PendingRow[];
  /** Rows whose own fault it is; later rows of their aggregates were not sent. */
  readonly failed: readonly FailedRow[];
  /** Why the rest was not sent, when that is no row's fault. */
  readonly brokerError?: unknown;
}

/** Answers the failure, if there was one. */
type SendPart = (rows: readonly PendingRow[]) => Promise<{ error: unknown } | undefined>;

/**
 * Finds the rows whose content Kafka refuses, since it does not name them: sends aggregate by
 * aggregate, and the one that is refused row by row up to the culprit. Order per aggregate is kept.
 */
export async function sendApart(rows: readonly PendingRow[], send: SendPart): Promise<SendResult> {
  const published: PendingRow[] = [];
  const failed: FailedRow[] = [];

  for (const aggregate of groupBy(rows, ({ aggregate_id }) => aggregate_id).values()) {
    const failure = await send(aggregate);
    if (!failure) {
      published.push(...aggregate);
      continue;
    }
    if (publishErrorKind(failure.error) === 'broker') return { published, failed, brokerError: failure.error };
    const found = aggregate.length === 1 ? refused(aggregate, failure.error) : await sendUntilRefused(aggregate, send);
    published.push(...found.published);
    failed.push(...found.failed);
    if (found.brokerError !== undefined) return { published, failed, brokerError: found.brokerError };
  }
  return { published, failed };
}

async function sendUntilRefused(rows: readonly PendingRow[], send: SendPart): Promise<SendResult> {
  const published: PendingRow[] = [];
  for (const row of rows) {
    const failure = await send([row]);
    if (!failure) published.push(row);
    else if (publishErrorKind(failure.error) === 'broker') {
      return { published, failed: [], brokerError: failure.error };
    } else return { ...refused([row], failure.error), published };
  }
  return { published, failed: [] };
}

const refused = (rows: readonly PendingRow[], error: unknown): SendResult => ({
  published: [],
  failed: rows.map((row) => ({ row, error })),
});
