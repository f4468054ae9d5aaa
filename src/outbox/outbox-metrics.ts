import { Gauge } from 'prom-client';
import type { Queryable } from '../platform/database/queryable';
import type { Logger } from '../platform/telemetry/logger';
import type { Metrics } from '../platform/telemetry/metrics';
import { scraped } from '../platform/telemetry/scraped';
import { silentLogger } from '../platform/telemetry/silent-logger';
import type { EventRegistry } from './event-registry';
import { type ShardBacklog, type ParkedRows, readShardBacklogs, readParkedRows } from './outbox-backlog.sql';

/** What the gauges of the outbox need. */
export interface OutboxMetricsOptions {
  readonly metrics: Metrics;
  readonly database: Queryable;
  readonly registry: EventRegistry;
  /** Defaults to no log. */
  readonly logger?: Logger;
}

interface Backlog {
  readonly shards: readonly ShardBacklog[];
  readonly parked: readonly ParkedRows[];
}

const UNKNOWN: Backlog = { shards: [], parked: [] };
const NO_TOPIC = 'none';

/**
 * Registers gauges of the outbox's rows, read from the database at each scrape. All processes report the same values,
 * so take `max` over processes before the sum over shards. While the database is away there are no samples.
 */
export function registerOutboxMetrics({
  metrics,
  database,
  registry,
  logger = silentLogger,
}: OutboxMetricsOptions): void {
  const backlog = scraped(
    async (): Promise<Backlog> => {
      const [shards, parked] = await Promise.all([readShardBacklogs(database), readParkedRows(database)]);
      return { shards, parked };
    },
    (error) => logger.warn({ err: error }, 'metrics.outbox_read_failed'),
  );
  const read = async (): Promise<Backlog> => (await backlog()) ?? UNKNOWN;
  const registers = [metrics.registry];

  new Gauge({
    name: 'paysaga_outbox_pending',
    help: 'Pending events; an estimate when the table is over 64 MiB',
    labelNames: ['shard'],
    registers,
    async collect() {
      const { shards } = await read();
      this.reset();
      for (const { shard, pending } of shards) this.set({ shard }, pending);
    },
  });
  new Gauge({
    name: 'paysaga_outbox_oldest_age_seconds',
    help: 'Age of the oldest pending event; 0 without one',
    labelNames: ['shard'],
    registers,
    async collect() {
      const { shards } = await read();
      this.reset();
      for (const { shard, oldestSeconds } of shards) this.set({ shard }, oldestSeconds);
    },
  });
  new Gauge({
    name: 'paysaga_outbox_parked',
    help: 'Dead letters of the outbox, which wait for an operator; counted up to 10,000',
    labelNames: ['topic'],
    registers,
    async collect() {
      const { shards, parked } = await read();
      this.reset();
      if (shards.length === 0) return;
      for (const topic of registry.topics) this.set({ topic }, 0);
      for (const row of parked) this.inc({ topic: registry.find(row.type)?.topic ?? NO_TOPIC }, row.parked);
    },
  });
}
