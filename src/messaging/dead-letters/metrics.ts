import { Gauge } from 'prom-client';
import type { Queryable } from '../../platform/database/queryable';
import type { Logger } from '../../platform/telemetry/logger';
import type { Metrics } from '../../platform/telemetry/metrics';
import { scraped } from '../../platform/telemetry/scraped';
import { countDeadLettersByGroup } from '../consumer/dead-letter-counts.sql';
import { openState } from './dead-letter';

export interface DeadLetterMetricsOptions {
  readonly metrics: Metrics;
  readonly database: Queryable;
  /** Consumer groups that have samples also without a letter. */
  readonly groups: readonly string[];
  readonly logger: Logger;
}

/**
 * Open dead letters as they stand in the database, read when they are scraped: every process says the same. While the
 * database is away there are no samples.
 */
export function registerDeadLetterMetrics({ metrics, database, groups, logger }: DeadLetterMetricsOptions): void {
  const read = scraped(
    () => countDeadLettersByGroup(database),
    (error) => logger.warn({ err: error }, 'metrics.dead_letters_unknown'),
  );
  const registers = [metrics.registry];
  new Gauge({
    name: 'paysaga_dead_letters',
    help: 'Consumed messages that could not be applied, and those that wait behind them; `paysaga dead-letters ls` lists them',
    labelNames: ['consumer_group', 'state'],
    registers,
    async collect() {
      const rows = await read();
      this.reset();
      if (!rows) return;
      for (const consumer_group of groups) {
        for (const state of openState.options) this.set({ consumer_group, state }, 0);
      }
      for (const { consumer_group, state, count } of rows) this.set({ consumer_group, state }, count);
    },
  });
  new Gauge({
    name: 'paysaga_dead_letters_oldest_age_seconds',
    help: 'Age of the oldest open dead letter; 0 without any',
    registers,
    async collect() {
      const rows = await read();
      this.reset();
      this.remove();
      if (rows) this.set(Math.max(0, ...rows.map(({ oldest_seconds }) => oldest_seconds)));
    },
  });
}
