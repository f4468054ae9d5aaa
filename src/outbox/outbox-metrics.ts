import { Gauge } from 'prom-client';
import type { Queryable } from '../platform/database/queryable';
import type { Logger } from '../platform/telemetry/logger';
import type { Metrics } from '../platform/telemetry/metrics';
import { scraped } from '../platform/telemetry/scraped';
import { silentLogger } from '../platform/telemetry/silent-logger';
import type { EventRegistry } from './event-registry';
import { type LaneBacklog, type ParkedRows, readLaneBacklogs, readParkedRows } from './outbox-backlog.sql';

export interface OutboxMetricsOptions {
  readonly metrics: Metrics;
  readonly database: Queryable;
  readonly registry: EventRegistry;
  /** Silent unless told. */
  readonly logger?: Logger;
}

interface Backlog {
  readonly lanes: readonly LaneBacklog[];
  readonly parked: readonly ParkedRows[];
}

const UNKNOWN: Backlog = { lanes: [], parked: [] };
const NO_TOPIC = 'none';

/**
 * The outbox as it stands in the database, read when it is asked for. Every process that has these says
 * the same: take `max` over processes, then sum over lanes. While the database is away there are no
 * samples, rather than old ones.
 */
export function registerOutboxMetrics({
  metrics,
  database,
  registry,
  logger = silentLogger,
}: OutboxMetricsOptions): void {
  const backlog = scraped(
    async (): Promise<Backlog> => {
      const [lanes, parked] = await Promise.all([readLaneBacklogs(database), readParkedRows(database)]);
      return { lanes, parked };
    },
    (error) => logger.warn({ err: error }, 'metrics.outbox_unknown'),
  );
  const read = async (): Promise<Backlog> => (await backlog()) ?? UNKNOWN;
  const registers = [metrics.registry];

  new Gauge({
    name: 'paysaga_outbox_pending',
    help: 'Events that wait to be published; an estimate when the table is over 64 MiB',
    labelNames: ['lane'],
    registers,
    async collect() {
      const { lanes } = await read();
      this.reset();
      for (const { lane, pending } of lanes) this.set({ lane }, pending);
    },
  });
  new Gauge({
    name: 'paysaga_outbox_oldest_age_seconds',
    help: 'Age of the oldest event that waits to be published; 0 when none does',
    labelNames: ['lane'],
    registers,
    async collect() {
      const { lanes } = await read();
      this.reset();
      for (const { lane, oldestSeconds } of lanes) this.set({ lane }, oldestSeconds);
    },
  });
  new Gauge({
    name: 'paysaga_outbox_parked',
    help: 'Events set aside until an operator requeues or discards them; counted up to 10,000',
    labelNames: ['topic'],
    registers,
    async collect() {
      const { lanes, parked } = await read();
      this.reset();
      if (lanes.length === 0) return;
      for (const topic of registry.topics) this.set({ topic }, 0);
      for (const row of parked) this.inc({ topic: registry.find(row.type)?.topic ?? NO_TOPIC }, row.parked);
    },
  });
}
