import type { ScheduleConfig } from './schedule-config';
import { RETENTION, RECONCILIATION, UNPAID_SWEEP } from './contract';
import type { Scheduled } from './platform/temporal/keep-scheduled';

/** Every Schedule there is: `paysaga setup` makes them, the workers keep them. */
export const schedulesOf = ({ retention, unpaidOrders, reconciliation }: ScheduleConfig): readonly Scheduled[] => [
  {
    id: RETENTION,
    workflowType: RETENTION,
    intervalMs: retention.intervalMs,
    summary: 'deletes what has expired',
  },
  {
    id: UNPAID_SWEEP,
    workflowType: UNPAID_SWEEP,
    intervalMs: unpaidOrders.sweepIntervalMs,
    summary: 'cancels orders that nobody has paid in time',
  },
  {
    id: RECONCILIATION,
    workflowType: RECONCILIATION,
    intervalMs: reconciliation.intervalMs,
    summary: 'compares providers, payments, ledger and orders',
  },
];
