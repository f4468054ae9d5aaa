import { groupBy } from '../../platform/group-by';
import type { FailedRow } from './batch';
import { publishErrorKind } from './publish-error';
import type { PendingRow } from './relay.sql';

/** The outcome of a send. */
export interface SendResult {
  /** Stored by all in-sync replicas. */
  readonly published: readonly PendingRow[];
  /** Rows that Kafka refuses. Later rows of their aggregates were not sent. */
  readonly failed: readonly FailedRow[];
  /** Why the rest was not sent, if the broker is the cause. */
  readonly brokerError?: unknown;
}

/** Sends rows, and returns the failure if there was one. */
type SendPart = (rows: readonly PendingRow[]) => Promise<{ error: unknown } | undefined>;

/**
 * Isolates the rows whose content Kafka refuses, because Kafka does not name them. It sends aggregate by aggregate, and
 * a refused aggregate row by row up to the refused one. The order per aggregate is kept.
 */
export async function isolate(rows: readonly PendingRow[], send: SendPart): Promise<SendResult> {
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
