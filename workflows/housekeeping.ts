import { proxyActivities } from '@temporalio/workflow';
import type { HousekeepingActivities } from '../activities';
import type { HousekeepingReport } from '../src/contract';

const { deleteExpiredRows } = proxyActivities<HousekeepingActivities>({
  startToCloseTimeout: '1 hour',
  heartbeatTimeout: '30s',
  retry: { initialInterval: '1s', maximumInterval: '1m' },
  summary: 'batch by batch',
});

/** Deletes what has expired. Begun by its Schedule, one at a time; the next one does what this one did not. */
export async function housekeeping(): Promise<HousekeepingReport> {
  return deleteExpiredRows();
}
