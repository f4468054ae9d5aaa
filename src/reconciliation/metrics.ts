import { Gauge } from 'prom-client';
import type { Queryable } from '../platform/database/database';
import type { Logger } from '../platform/logger';
import { type Metrics, scraped } from '../platform/metrics';
import { discrepancyKinds } from './reconcile';
import { readState } from './reconciliation.sql';

/** What the metrics need. */
export interface ReconciliationMetricsOptions {
  readonly metrics: Metrics;
  readonly database: Queryable;
  readonly logger: Logger;
}

/** Registers gauges of the last finished run, read with each scrape. Every process reports the same value: use `max`. */
export function registerReconciliationMetrics({ metrics, database, logger }: ReconciliationMetricsOptions): void {
  const registers = [metrics.registry];
  const read = scraped(
    () => readState(database),
    (error) => logger.warn({ err: error }, 'metrics.reconciliation_unknown'),
  );

  new Gauge({
    name: 'paysaga_reconciliation_differences',
    help: 'Discrepancies between providers, payments, ledger and orders; GET /admin/reconciliation lists them',
    labelNames: ['kind'],
    registers,
    async collect() {
      const state = await read();
      this.reset();
      if (!state) return;
      for (const kind of Object.keys(discrepancyKinds)) this.set({ kind }, 0);
      for (const { kind, count } of state.discrepancies) this.set({ kind }, count);
    },
  });
  new Gauge({
    name: 'paysaga_reconciliation_age_seconds',
    help: 'Time since the start of the last finished comparison; absent before the first',
    registers,
    async collect() {
      const state = await read();
      this.remove();
      if (state?.ageSeconds != null) this.set(state.ageSeconds);
    },
  });
}
