import { Counter, Gauge } from 'prom-client';
import type { SagaType } from '../../contract';
import type { Queryable } from '../../platform/database/database';
import type { Logger } from '../../platform/telemetry/logger';
import type { Metrics } from '../../platform/telemetry/metrics';
import { scraped } from '../../platform/telemetry/scraped';
import { sagaType } from './saga-view';
import { countTroubledSagas, type TroubledSagas } from './troubled-sagas.sql';

export interface SagaMetricsOptions {
  readonly metrics: Metrics;
  readonly database: Queryable;
  readonly logger: Logger;
}

const HELP: Record<TroubledSagas['trouble'], string> = {
  stuck: 'Sagas that can go neither forward nor back without help; GET /sagas?state=stuck lists them',
  lost: 'Sagas that have not ended, and whose workflow is gone from Temporal; they begin again by themselves',
  unstarted: 'Sagas accepted 2 s ago or earlier whose workflow has not begun; GET /sagas?state=pending lists them',
};

/**
 * The sagas in trouble, read when they are scraped: every process says the same, also one that was started after the
 * saga got into trouble. While the database is away there are no samples.
 */
export function registerSagaMetrics({ metrics, database, logger }: SagaMetricsOptions): void {
  const read = scraped(
    () => countTroubledSagas(database),
    (error) => logger.warn({ err: error }, 'metrics.sagas_unknown'),
  );
  const register = (name: string, help: string, valueOf: (sagas: TroubledSagas) => number | undefined) =>
    new Gauge({
      name,
      help,
      labelNames: ['saga_type'],
      registers: [metrics.registry],
      async collect() {
        const rows = await read();
        this.reset();
        if (!rows) return;
        for (const type of sagaType.options) this.set({ saga_type: type }, 0);
        for (const row of rows) {
          const value = valueOf(row);
          if (value !== undefined) this.set({ saga_type: row.type }, value);
        }
      },
    });
  for (const trouble of ['stuck', 'lost', 'unstarted'] as const) {
    register(`paysaga_sagas_${trouble}`, HELP[trouble], (row) => (row.trouble === trouble ? row.count : undefined));
  }
  register(
    'paysaga_sagas_unstarted_oldest_age_seconds',
    'Age of the oldest saga whose workflow has not begun; 0 without any',
    (row) => (row.trouble === 'unstarted' ? row.age_seconds : undefined),
  );
}

/** Counts the sagas that began again because their workflow was gone. */
export function createRerunCounter({ registry }: Metrics): (type: SagaType) => void {
  const reruns = new Counter({
    name: 'paysaga_sagas_rerun_total',
    help: 'Sagas that this worker began again because their workflow was gone',
    labelNames: ['saga_type'] as const,
    registers: [registry],
  });
  return (saga_type) => reruns.inc({ saga_type });
}
