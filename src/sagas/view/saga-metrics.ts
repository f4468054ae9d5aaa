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
  const register = (trouble: TroubledSagas['trouble']) =>
    new Gauge({
      name: `paysaga_sagas_${trouble}`,
      help: HELP[trouble],
      labelNames: ['saga_type'],
      registers: [metrics.registry],
      async collect() {
        const rows = await read();
        this.reset();
        if (!rows) return;
        for (const type of sagaType.options) this.set({ saga_type: type }, 0);
        for (const row of rows) if (row.trouble === trouble) this.set({ saga_type: row.type }, row.count);
      },
    });
  register('stuck');
  register('lost');
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
