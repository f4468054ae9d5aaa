import { Counter, Gauge } from 'prom-client';
import type { Queryable } from '../platform/database/database';
import type { Logger } from '../platform/logger';
import { type Metrics, scraped } from '../platform/metrics';
import type { SagaType } from '../temporal-contract';
import { sagaType } from './view';

/** The number of sagas of a type with a problem. */
export interface TroubledSagas {
  readonly trouble: 'stuck' | 'lost' | 'unstarted';
  readonly type: SagaType;
  readonly count: number;
  /** The age of the oldest, since it was accepted. */
  readonly age_seconds: number;
}

/** A saga that the API has not started after this time is started by the sweeper. */
const USUALLY_STARTED_WITHIN = `interval '2 seconds'`;
const COUNTED = `type, count(*)::int AS count, extract(epoch FROM now() - min(created_at))::float8 AS age_seconds`;

/**
 * Counts stuck, lost and unstarted sagas by type, without types that have none. A saga may be both stuck and lost.
 */
export const countTroubledSagas = (database: Queryable): Promise<TroubledSagas[]> =>
  database.$queryRawUnsafe(
    `SELECT 'stuck' AS trouble, ${COUNTED} FROM saga WHERE state = 'stuck' GROUP BY type
     UNION ALL
     SELECT 'lost', ${COUNTED} FROM saga
     WHERE lost_at IS NOT NULL AND state NOT IN ('completed', 'compensated') GROUP BY type
     UNION ALL
     SELECT 'unstarted', ${COUNTED} FROM saga
     WHERE started_at IS NULL AND state = 'running' AND created_at < now() - ${USUALLY_STARTED_WITHIN} GROUP BY type`,
  );

/** What the metrics need. */
export interface SagaMetricsOptions {
  readonly metrics: Metrics;
  readonly database: Queryable;
  readonly logger: Logger;
}

const HELP: Record<TroubledSagas['trouble'], string> = {
  stuck: 'Sagas that need an operator; GET /sagas?state=stuck lists them',
  lost: 'Open sagas whose workflow is lost; they run again automatically',
  unstarted: 'Sagas accepted over 2 s ago whose workflow has not started; GET /sagas?state=pending lists them',
};

/**
 * Registers the gauges of troubled sagas, read from the database with each scrape. Every process reports the same
 * values. Without the database there are no samples.
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
    'Age of the oldest saga whose workflow has not started; 0 if there is none',
    (row) => (row.trouble === 'unstarted' ? row.age_seconds : undefined),
  );
}

/** Creates the counter of reruns of lost sagas. */
export function createRerunCounter({ registry }: Metrics): (type: SagaType) => void {
  const reruns = new Counter({
    name: 'paysaga_sagas_rerun_total',
    help: 'Lost sagas that this worker ran again',
    labelNames: ['saga_type'] as const,
    registers: [registry],
  });
  return (saga_type) => reruns.inc({ saga_type });
}
