import { Gauge } from 'prom-client';
import { type DeadLetterState, WAITING } from '../kafka/dead-letters.sql';
import type { Queryable } from '../platform/database/statements';
import type { Logger } from '../platform/logger';
import { type Metrics, scraped } from '../platform/metrics';
import { openState } from './dead-letter';

/** The open letters of one group in one state. */
export interface GroupDeadLetters {
  readonly consumer_group: string;
  readonly state: DeadLetterState;
  readonly count: number;
  readonly oldest_seconds: number;
}

/** Counts the open letters of each group and state. */
export async function countDeadLettersByGroup(database: Queryable): Promise<GroupDeadLetters[]> {
  return database.$queryRawUnsafe<GroupDeadLetters[]>(
    `SELECT consumer_group, state, count(*)::int AS count,
       greatest(0, extract(epoch FROM now() - min(created_at)))::float8 AS oldest_seconds
     FROM dead_letter WHERE ${WAITING} GROUP BY consumer_group, state`,
  );
}

/** The open letters of all groups, by state. */
export type DeadLetterCounts = Readonly<Record<DeadLetterState, number>>;

/** Counts the open letters by state, on an index that has only these. */
export async function countDeadLetters(database: Queryable): Promise<DeadLetterCounts> {
  const rows = await database.$queryRawUnsafe<{ state: DeadLetterState; count: number }[]>(
    `SELECT state, count(*)::int AS count FROM dead_letter WHERE ${WAITING} GROUP BY state`,
  );
  const countOf = (state: DeadLetterState): number => rows.find((row) => row.state === state)?.count ?? 0;
  return { retrying: countOf('retrying'), queued: countOf('queued'), dead: countOf('dead') };
}

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
