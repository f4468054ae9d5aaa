import { Gauge } from 'prom-client';
import type { EventRegistry } from '../events/registry';
import { PLANNED_EACH_TIME, type Queryable } from '../platform/database/statements';
import { type Logger, silentLogger } from '../platform/logger';
import { type Metrics, scraped } from '../platform/metrics';

/** The pending rows of one shard. */
export interface ShardBacklog {
  readonly shard: number;
  /** Without dead letters. An estimate while the table is larger than {@link COUNTED_BYTES}. */
  readonly pending: number;
  /** Age of the oldest row, replays left out; 0 without one. */
  readonly oldestSeconds: number;
}

/** The dead letters of one shard and event type. */
export interface ParkedRows {
  readonly shard: number;
  readonly type: string;
  readonly parked: number;
}

/** The size of table that is counted exactly: about 700,000 rows, in about 100 ms. */
const COUNTED_BYTES = 64 * 1024 * 1024;
/** Dead letters beyond this number are not counted. */
const PARKED_COUNTED = 10_000;

/**
 * Reads the backlog of each shard in bounded time. It is exact up to {@link COUNTED_BYTES} of table; beyond that it is
 * scaled up from a sample of pages.
 *
 * The oldest row is found on the index on (shard, id): by `num_nonnulls`, neither parked nor a replay, Postgres expects
 * to find a row soon.
 */
export async function readShardBacklogs(database: Queryable): Promise<ShardBacklog[]> {
  return database.$queryRawUnsafe<ShardBacklog[]>(
    `${PLANNED_EACH_TIME} WITH sample AS MATERIALIZED (
       SELECT least(100, 100 * $1::float8 / greatest(1, pg_relation_size('outbox'))) AS percent),
     counted AS MATERIALIZED (
       SELECT shard, count(*) AS rows
       FROM outbox TABLESAMPLE SYSTEM ((SELECT percent FROM sample)) WHERE parked_at IS NULL GROUP BY shard)
     SELECT shard::int, coalesce(round(rows * 100 / percent), 0)::float8 AS pending,
       greatest(0, coalesce(extract(epoch FROM now() -
         (SELECT occurred_at FROM event WHERE event.event_id = oldest.event_id)), 0))::float8 AS "oldestSeconds"
     FROM outbox_shard CROSS JOIN sample LEFT JOIN counted USING (shard)
     LEFT JOIN LATERAL (
       SELECT event_id FROM outbox
       WHERE outbox.shard BETWEEN outbox_shard.shard AND outbox_shard.shard
         AND num_nonnulls(parked_at, replay_id) < 1
       ORDER BY outbox.shard, outbox.id LIMIT 1) AS oldest ON true
     ORDER BY shard`,
    COUNTED_BYTES,
  );
}

/** Counts dead letters by shard and event type, on the small partial index of held rows. */
export async function readParkedRows(database: Queryable): Promise<ParkedRows[]> {
  return database.$queryRawUnsafe<ParkedRows[]>(
    `SELECT shard::int, type, count(*)::int AS parked
     FROM (SELECT shard, event_id FROM outbox WHERE parked_at IS NOT NULL LIMIT ${PARKED_COUNTED}) AS held
     JOIN event USING (event_id) GROUP BY shard, type ORDER BY shard, type`,
  );
}

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
