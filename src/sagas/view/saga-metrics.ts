import { Gauge } from 'prom-client';
import type { Queryable } from '../../platform/database/database';
import type { Logger } from '../../platform/telemetry/logger';
import type { Metrics } from '../../platform/telemetry/metrics';
import { scraped } from '../../platform/telemetry/scraped';
import { sagaType } from './saga-view';
import { countStuckSagas } from './stuck-sagas.sql';

export interface SagaMetricsOptions {
  readonly metrics: Metrics;
  readonly database: Queryable;
  readonly logger: Logger;
}

/**
 * What somebody must resolve, read when it is asked for: every process says the same, also one that was started
 * after the saga got stuck. While the database is away there are no samples.
 */
export function registerSagaMetrics({ metrics, database, logger }: SagaMetricsOptions): void {
  const read = scraped(
    () => countStuckSagas(database),
    (error) => logger.warn({ err: error }, 'metrics.sagas_unknown'),
  );

  new Gauge({
    name: 'paysaga_sagas_stuck',
    help: 'Sagas that can go neither forward nor back without help; GET /sagas?state=stuck lists them',
    labelNames: ['saga_type'],
    registers: [metrics.registry],
    async collect() {
      const stuck = await read();
      this.reset();
      if (!stuck) return;
      for (const type of sagaType.options) this.set({ saga_type: type }, 0);
      for (const { type, count } of stuck) this.set({ saga_type: type }, count);
    },
  });
}
