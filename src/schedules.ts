import type { z } from 'zod';
import { integer, duration } from './platform/config-values';
import type { Scheduled } from './platform/temporal/keep-scheduled';
import { RECONCILIATION, RETENTION, UNPAID_SWEEP } from './temporal-contract';

/** Returns every Schedule. `paysaga setup` creates them, and the workers keep them in place. */
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
    summary: 'cancels orders that are not paid in time',
  },
  {
    id: RECONCILIATION,
    workflowType: RECONCILIATION,
    intervalMs: reconciliation.intervalMs,
    summary: 'compares providers, payments, ledger and orders',
  },
];

const DAY_MS = 86_400_000;

/** The variables of the Schedules. `paysaga setup schedules` reads only these. */
export const intervalVariables = {
  ORDER_PAYMENT_SWEEP_INTERVAL_MS: integer(1_000, DAY_MS)
    .default(3_600_000)
    .describe('How often unpaid orders are looked for.'),
  RECONCILIATION_INTERVAL_MS: integer(1_000, 7 * DAY_MS)
    .default(3_600_000)
    .describe('How often providers, payments, ledger and orders are compared.'),
  RETENTION_INTERVAL_MS: integer(60_000, DAY_MS).default(3_600_000).describe('How often expired rows are deleted.'),
};

/** The variables of sagas and of scheduled work. */
export const scheduleVariables = {
  ...intervalVariables,
  ORDER_PAYMENT_TIMEOUT: duration(1_000, 10 * 365 * DAY_MS)
    .default({ text: '30 days', ms: 30 * DAY_MS })
    .describe('After this time an order that is not paid is cancelled.'),
  RECONCILIATION_WINDOW: duration(3_600_000, 10 * 365 * DAY_MS)
    .default({ text: '90 days', ms: 90 * DAY_MS })
    .describe('How far back the reconciliation looks.'),
  RECONCILIATION_GRACE: duration(0, DAY_MS)
    .default({ text: '10 minutes', ms: 600_000 })
    .describe('Newer charges and payments are not compared yet.'),
  COMPENSATION_MAX_INTERVAL_MS: integer(200, 3_600_000)
    .default(5_000)
    .describe('The longest pause between two attempts of a compensation.'),
};

/** Turns the intervals of the Schedules into their part of the configuration. */
export const scheduleConfig = (env: z.infer<z.ZodObject<typeof intervalVariables>>) => ({
  unpaidOrders: { sweepIntervalMs: env.ORDER_PAYMENT_SWEEP_INTERVAL_MS },
  reconciliation: { intervalMs: env.RECONCILIATION_INTERVAL_MS },
  retention: { intervalMs: env.RETENTION_INTERVAL_MS },
});

/** The intervals of the Schedules, in ms. */
export type ScheduleConfig = ReturnType<typeof scheduleConfig>;
