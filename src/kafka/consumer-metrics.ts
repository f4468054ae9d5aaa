import { Counter } from 'prom-client';
import type { Metrics } from '../platform/metrics';

/** The counters of a consumer, by its group and the topic. */
export interface ConsumerMetrics {
  /** Counts messages that had their effect now. */
  applied(group: string, topic: string, count?: number): void;
  /** Counts repeats, whose effect was made before. */
  duplicates(group: string, topic: string, count?: number): void;
  /** Counts a failed attempt at a message. */
  failed(group: string, topic: string): void;
  /** Counts a message that was stored as a dead letter in that state. */
  deadLetters(group: string, topic: string, state: string): void;
}

/** Counters that count nothing. */
export const noConsumerMetrics: ConsumerMetrics = {
  applied: () => undefined,
  duplicates: () => undefined,
  failed: () => undefined,
  deadLetters: () => undefined,
};

/** Creates the counters. */
export function createConsumerMetrics({ registry }: Metrics): ConsumerMetrics {
  const counter = (name: string, help: string, ...more: string[]) =>
    new Counter({ name, help, labelNames: ['group', 'topic', ...more], registers: [registry] });
  const applied = counter('paysaga_consumer_applied_total', 'Messages that were applied');
  const duplicates = counter('paysaga_consumer_duplicates_total', 'Messages that had been applied before');
  const failed = counter('paysaga_consumer_failed_total', 'Failed attempts to apply a message');
  const deadLetters = counter('paysaga_consumer_dead_letters_total', 'Messages kept as dead letters', 'state');

  return {
    applied: (group, topic, count = 1) => applied.inc({ group, topic }, count),
    duplicates: (group, topic, count = 1) => duplicates.inc({ group, topic }, count),
    failed: (group, topic) => failed.inc({ group, topic }),
    deadLetters: (group, topic, state) => deadLetters.inc({ group, topic, state }),
  };
}
