import { proxyActivities } from '@temporalio/workflow';
import type { UnpaidOrderActivities } from '../activities';
import type { UnpaidReport } from '../src/contract';

const { cancelUnpaidOrders } = proxyActivities<UnpaidOrderActivities>({
  startToCloseTimeout: '1 hour',
  heartbeatTimeout: '15s',
  retry: { initialInterval: '1s', maximumInterval: '1m' },
  summary: 'order by order',
});

/** Cancels what nobody has paid in time. Begun by its Schedule, one at a time; the next one does what this one did not. */
export async function unpaidSweep(): Promise<UnpaidReport> {
  return cancelUnpaidOrders();
}
