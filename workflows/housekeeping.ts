import { proxyActivities } from '@temporalio/workflow';
import type { HousekeepingActivities } from '../activities';
import type { HousekeepingReport } from '../src/contract';

const { deleteExpiredRows } = proxyActivities<HousekeepingActivities>({
  startToCloseTimeout: '1 hour',
  heartbeatTimeout: '30s',
  retry: { initialInterval: '1s', maximumInterval: '1m' },
  summary: 'batch by batch',
});

/** Deletes expired rows. A Schedule starts one run at a time; a later run deletes what this one left. */
export async function housekeeping(): Promise<HousekeepingReport> {
  return deleteExpiredRows();
}
