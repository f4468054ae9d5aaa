import { isCancellation, log, proxyActivities } from '@temporalio/workflow';
import type { ReconciliationActivities, RetentionActivities, UnpaidOrderActivities } from '../activities';
import {
  type ComparedStatement,
  type ReconciliationReport,
  type RetentionReport,
  statementNames,
  type UnpaidReport,
} from '../src/temporal-contract';

const { deleteExpiredRows } = proxyActivities<RetentionActivities>({
  startToCloseTimeout: '1 hour',
  heartbeatTimeout: '30s',
  retry: { initialInterval: '1s', maximumInterval: '1m' },
  summary: 'batch by batch',
});

/** Deletes expired rows. Its Schedule runs one at a time; the next run deletes what this one leaves. */
export async function housekeeping(): Promise<RetentionReport> {
  return deleteExpiredRows();
}

const { cancelUnpaidOrders } = proxyActivities<UnpaidOrderActivities>({
  startToCloseTimeout: '1 hour',
  heartbeatTimeout: '15s',
  retry: { initialInterval: '1s', maximumInterval: '1m' },
  summary: 'order by order',
});

/** Cancels orders that were not paid in time. A Schedule starts one run at a time; a later run continues. */
export async function unpaidSweep(): Promise<UnpaidReport> {
  return cancelUnpaidOrders();
}

const retry = { initialInterval: '1s', maximumInterval: '1m' } as const;

const { beginReconciliation, finishReconciliation } = proxyActivities<ReconciliationActivities>({
  startToCloseTimeout: '5 minutes',
  heartbeatTimeout: '30s',
  retry,
});
const { compareBook } = proxyActivities<ReconciliationActivities>({
  startToCloseTimeout: '1 hour',
  heartbeatTimeout: '30s',
  retry,
  summary: 'page by page',
});
/** Limited, so that an unavailable provider does not block the comparison of the other statements. */
const { copyProviderCharges } = proxyActivities<ReconciliationActivities>({
  startToCloseTimeout: '30 minutes',
  scheduleToCloseTimeout: '1 hour',
  heartbeatTimeout: '1 minute',
  retry: { ...retry, maximumAttempts: 5 },
  summary: 'page by page',
});

/** Compares all statements and reports the discrepancies. A Schedule starts one run at a time. */
export async function reconciliation(): Promise<ReconciliationReport> {
  const run = await beginReconciliation();
  const { run_id } = run;
  const unread: string[] = [];
  for (const provider of run.providers) {
    try {
      await copyProviderCharges({ ...run, provider });
    } catch (error) {
      if (isCancellation(error)) throw error;
      log.warn('reconciliation.provider_not_read', { provider, reason: String(error) });
      unread.push(provider);
    }
  }
  const books: Record<string, ComparedStatement> = {};
  for (const book of statementNames) books[book] = await compareBook({ run_id, book });
  const resolved = await finishReconciliation({ run_id, unread });
  return { run_id, unread, books, resolved };
}
