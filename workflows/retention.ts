import { proxyActivities } from '@temporalio/workflow';
import type { RetentionActivities } from '../activities';
import type { RetentionReport } from '../src/contract';

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
