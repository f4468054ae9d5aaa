import { Gauge } from 'prom-client';
import type { Queryable } from '../../platform/database/queryable';
import type { Logger } from '../../platform/telemetry/logger';
import type { Metrics } from '../../platform/telemetry/metrics';
import { scraped } from '../../platform/telemetry/scraped';
import { countDeadLettersByGroup } from '../consumer/dead-letter-counts.sql';
import { openState } from './dead-letter';

/** What the gauges of dead letters need. */
export interface DeadLetterMetricsOptions {
  readonly metrics: Metrics;
  readonly database: Queryable;
  /** Consumer groups, which have samples also without a letter. */
  readonly groups: readonly string[];
  readonly logger: Logger;
}

/**
 * Registers gauges of the open dead letters, read from the database at each scrape. All processes report the same
 * values. While the database is away there are no samples.
 */
export function registerDeadLetterMetrics({ metrics, database, groups, logger }: DeadLetterMetricsOptions): void {
  const read = scraped(
    () => countDeadLettersByGroup(database),
    (error) => logger.warn({ err: error }, 'metrics.dead_letters_read_failed'),
  );
  const registers = [metrics.registry];
  new Gauge({
    name: 'paysaga_dead_letters',
    help: 'Open dead letters of consumers; `paysaga dead-letters ls` lists them',
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
    help: 'Age of the oldest open dead letter; 0 without one',
    registers,
    async collect() {
      const rows = await read();
      this.reset();
      this.remove();
      if (rows) this.set(Math.max(0, ...rows.map(({ oldest_seconds }) => oldest_seconds)));
    },
  });
}
