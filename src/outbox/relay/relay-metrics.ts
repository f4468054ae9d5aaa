import { Counter, Histogram } from 'prom-client';
import { DURATION_BUCKETS, type Metrics } from '../../platform/metrics';
import type { EventRegistry } from '../event-registry';
import type { Batch } from './batch';
import type { PendingRow } from './relay.sql';
import type { SendResult } from './send-apart';

/** What the relay counts: once per lane and batch, never once per row. */
export interface RelayMetrics {
  /** A lane's batch came back from Kafka. */
  sent(lane: number, batch: Batch, result: SendResult, durationMs: number): void;
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
    help: 'Events in one send of a lane',
    labelNames: ['lane'],
    buckets: BATCH_BUCKETS,
    registers,
  });
  const sendSeconds = new Histogram({
    name: 'paysaga_outbox_send_duration_seconds',
    help: 'One send of a lane, until all in-sync replicas have it',
    labelNames: ['lane'],
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

  const topicOf = ({ type }: PendingRow): string => registry.find(type)?.topic ?? NO_TOPIC;

  /** A batch mostly goes whole: then its topics are counted already. */
  function byTopic(rows: readonly PendingRow[], { rows: all, topics }: Batch): Iterable<[string, number]> {
    if (rows.length === all.length) return topics.map(({ topic, messages }) => [topic, messages.length]);
    const counts = new Map<string, number>();
    for (const row of rows) counts.set(topicOf(row), (counts.get(topicOf(row)) ?? 0) + 1);
    return counts;
  }

  return {
    sent(lane, batch, result, durationMs) {
      batchRows.observe({ lane }, batch.rows.length);
      sendSeconds.observe({ lane }, durationMs / 1_000);
      if (result.published.length > 0) {
        for (const [topic, count] of byTopic(result.published, batch)) published.inc({ lane, topic }, count);
      }
      for (const { row } of result.failed) failed.inc({ lane, topic: topicOf(row), reason: 'row' });
      if (result.brokerError === undefined) return;
      const settled = new Set([...result.published, ...result.failed.map(({ row }) => row)]);
      const unsent = batch.rows.filter((row) => !settled.has(row));
      for (const [topic, count] of byTopic(unsent, batch)) failed.inc({ lane, topic, reason: 'broker' }, count);
    },
    round: (durationMs) => batchSeconds.observe(durationMs / 1_000),
    parked: (row) => parked.inc({ lane: row.lane, topic: topicOf(row) }),
    waits: (on) => waits.inc({ on }),
    fencedOff: () => fencedOff.inc(),
  };
}
