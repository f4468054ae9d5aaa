import { Gauge } from 'prom-client';
import type { Queryable } from '../platform/database/database';
import type { Logger } from '../platform/telemetry/logger';
import type { Metrics } from '../platform/telemetry/metrics';
import { scraped } from '../platform/telemetry/scraped';
import { differenceKinds } from './difference';
import { readState } from './reconciliation.sql';

export interface ReconciliationMetricsOptions {
  readonly metrics: Metrics;
  readonly database: Queryable;
  readonly logger: Logger;
}

/** As the last finished run left it, read when it is asked for: every process says the same, so take `max`. */
export function registerReconciliationMetrics({ metrics, database, logger }: ReconciliationMetricsOptions): void {
  const registers = [metrics.registry];
  const read = scraped(
    () => readState(database),
    (error) => logger.warn({ err: error }, 'metrics.reconciliation_unknown'),
  );

  new Gauge({
    name: 'paysaga_reconciliation_differences',
    help: 'Where providers, payments, ledger and orders do not agree; GET /admin/reconciliation lists them',
    labelNames: ['kind'],
    registers,
    async collect() {
      const state = await read();
      this.reset();
      if (!state) return;
      for (const kind of Object.keys(differenceKinds)) this.set({ kind }, 0);
      for (const { kind, count } of state.differences) this.set({ kind }, count);
    },
  });
  new Gauge({
    name: 'paysaga_reconciliation_age_seconds',
    help: 'Since the last finished comparison began; absent before the first',
    registers,
    async collect() {
      const state = await read();
      this.remove();
      if (state?.ageSeconds != null) this.set(state.ageSeconds);
    },
  });
}
