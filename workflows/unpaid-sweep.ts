import { proxyActivities } from '@temporalio/workflow';
import type { UnpaidOrderActivities } from '../activities';
import type { UnpaidReport } from '../src/contract';

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
