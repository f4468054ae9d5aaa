import { Counter, Histogram } from 'prom-client';
import { groupBy } from '../../platform/group-by';
import { DURATION_BUCKETS, type Metrics } from '../../platform/telemetry/metrics';
import type { EventRegistry } from '../event-registry';
import type { Batch } from './batch';
import type { PendingRow } from './relay.sql';
import type { SendResult } from './send-apart';

/** What the relay counts, with each send. */
export interface RelayMetrics {
  /** A batch came back from Kafka. */
  sent(batch: Batch, result: SendResult, durationMs: number): void;
  /** From claim to mark, all lanes of the relay together. */
  round(durationMs: number): void;
  parked(row: PendingRow): void;
  /** It waits with backoff for somebody to come back. */
  waits(on: 'broker' | 'database'): void;
  fencedOff(): void;
}

/** Counts nothing. */
export const noRelayMetrics: RelayMetrics = {
  sent: () => undefined,
  round: () => undefined,
  parked: () => undefined,
  waits: () => undefined,
  fencedOff: () => undefined,
};

const BATCH_BUCKETS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];
const NO_TOPIC = 'none';

/** The relay's instruments. `topic` is `none` for a type that is not in the registry. */
export function createRelayMetrics(metrics: Metrics, registry: EventRegistry): RelayMetrics {
  const registers = [metrics.registry];
  const lane_topic = ['lane', 'topic'] as const;
  const published = new Counter({
    name: 'paysaga_outbox_published_total',
    help: 'Events that Kafka has stored; sent again after a crash or a failed send, an event counts again',
    labelNames: lane_topic,
    registers,
  });
  const failed = new Counter({
    name: 'paysaga_outbox_failed_total',
    help: 'Attempts to publish an event that failed: by a fault of the event (row), or without one (broker)',
    labelNames: [...lane_topic, 'reason'],
    registers,
  });
  const parked = new Counter({
    name: 'paysaga_outbox_parked_total',
    help: 'Events set aside after their last attempt; their aggregate waits for an operator',
    labelNames: lane_topic,
    registers,
  });
  const batchRows = new Histogram({
    name: 'paysaga_outbox_batch_rows',
    help: 'Events of a lane in one send',
    labelNames: ['lane'],
    buckets: BATCH_BUCKETS,
    registers,
  });
  const sendSeconds = new Histogram({
    name: 'paysaga_outbox_send_duration_seconds',
    help: 'One send, until all in-sync replicas have it',
    buckets: DURATION_BUCKETS,
    registers,
  });
  const batchSeconds = new Histogram({
    name: 'paysaga_outbox_batch_duration_seconds',
    help: 'One round of a relay: claim, send and mark of a batch for each of its lanes',
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
    help: 'Runs that ended because another relay took the lanes',
    registers,
  });

  const labelsOf = ({ lane, type }: PendingRow) => ({ lane, topic: registry.find(type)?.topic ?? NO_TOPIC });

  return {
    sent(batch, result, durationMs) {
      sendSeconds.observe(durationMs / 1_000);
      for (const [lane, rows] of groupBy(batch.rows, (row) => row.lane)) batchRows.observe({ lane }, rows.length);
      for (const rows of groupBy(result.published, ({ lane, type }) => `${lane}/${type}`).values()) {
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
