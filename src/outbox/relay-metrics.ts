import { Counter, Histogram } from 'prom-client';
import type { EventRegistry } from '../events/registry';
import { DURATION_BUCKETS, type Metrics } from '../platform/metrics';
import { groupBy } from '../platform/values';
import type { Batch } from './batch';
import type { SendResult } from './publisher';
import type { PendingRow } from './relay.sql';

/** The instruments of a relay. */
export interface RelayMetrics {
  /** Counts a batch that Kafka has answered. */
  sent(batch: Batch, result: SendResult, durationMs: number): void;
  /** Records the time of a round from claim to mark, for all shards together. */
  round(durationMs: number): void;
  /** Counts a row that has become a dead letter. */
  parked(row: PendingRow): void;
  /** Counts a wait with backoff. */
  waits(on: 'broker' | 'database'): void;
  /** Counts a run that another relay has fenced off. */
  fencedOff(): void;
}

/** Instruments that count nothing. */
export const noRelayMetrics: RelayMetrics = {
  sent: () => undefined,
  round: () => undefined,
  parked: () => undefined,
  waits: () => undefined,
  fencedOff: () => undefined,
};

const BATCH_BUCKETS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];
const NO_TOPIC = 'none';

/** Creates the instruments. `topic` is `none` for a type that is not in the registry. */
export function createRelayMetrics(metrics: Metrics, registry: EventRegistry): RelayMetrics {
  const registers = [metrics.registry];
  const shard_topic = ['shard', 'topic'] as const;
  const published = new Counter({
    name: 'paysaga_outbox_published_total',
    help: 'Events that Kafka has stored; an event that is sent again counts again',
    labelNames: shard_topic,
    registers,
  });
  const failed = new Counter({
    name: 'paysaga_outbox_failed_total',
    help: 'Failed attempts to publish an event, by cause: the event (row) or the broker',
    labelNames: [...shard_topic, 'reason'],
    registers,
  });
  const parked = new Counter({
    name: 'paysaga_outbox_parked_total',
    help: 'Events that became dead letters after their last attempt',
    labelNames: shard_topic,
    registers,
  });
  const batchRows = new Histogram({
    name: 'paysaga_outbox_batch_rows',
    help: 'Events of a shard in one send',
    labelNames: ['shard'],
    buckets: BATCH_BUCKETS,
    registers,
  });
  const sendSeconds = new Histogram({
    name: 'paysaga_outbox_send_duration_seconds',
    help: 'Time of one send, until all in-sync replicas have it',
    buckets: DURATION_BUCKETS,
    registers,
  });
  const batchSeconds = new Histogram({
    name: 'paysaga_outbox_batch_duration_seconds',
    help: 'Time of one round of a relay: claim, send and mark',
    buckets: DURATION_BUCKETS,
    registers,
  });
  const waits = new Counter({
    name: 'paysaga_outbox_relay_waits_total',
    help: 'Waits with backoff for the broker or the database',
    labelNames: ['on'],
    registers,
  });
  const fencedOff = new Counter({
    name: 'paysaga_outbox_relay_fenced_off_total',
    help: 'Runs of a relay that ended because another one took its shards',
    registers,
  });

  const labelsOf = ({ shard, type }: PendingRow) => ({ shard, topic: registry.find(type)?.topic ?? NO_TOPIC });

  return {
    sent(batch, result, durationMs) {
      sendSeconds.observe(durationMs / 1_000);
      for (const [shard, rows] of groupBy(batch.rows, (row) => row.shard)) batchRows.observe({ shard }, rows.length);
      for (const rows of groupBy(result.published, ({ shard, type }) => `${shard}/${type}`).values()) {
        published.inc(labelsOf(rows[0]), rows.length);
      }
      for (const { row } of result.failed) failed.inc({ ...labelsOf(row), reason: 'row' });
      if (result.brokerError === undefined) return;
      const settled = new Set([...result.published, ...result.failed.map(({ row }) => row)]);
      for (const row of batch.rows) if (!settled.has(row)) failed.inc({ ...labelsOf(row), reason: 'broker' });
    },
    round: (durationMs) => batchSeconds.observe(durationMs / 1_000),
    parked: (row) => parked.inc(labelsOf(row)),
    waits: (on) => waits.inc({ on }),
    fencedOff: () => fencedOff.inc(),
  };
}
