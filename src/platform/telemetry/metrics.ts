import { collectDefaultMetrics, Registry } from 'prom-client';

/** The process's instruments. One object, made by its entry point and given to whoever counts. */
export interface Metrics {
  /** Where instruments register themselves; their names begin with `paysaga_`. */
  readonly registry: Registry;
  readonly contentType: string;
  /** Text in the same format that somebody else keeps, e.g. Temporal's SDK; it repeats no name of ours. */
  include(source: () => Promise<string>): void;
  /** All of it, in Prometheus's text format. A source that fails is left out: the rest is still told. */
  readonly render: () => Promise<string>;
}

/**
 * Instruments of one process, with Node's own (`process_…`, `nodejs_…`)
 * (https://prometheus.io/docs/instrumenting/exposition_formats/).
 */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const sources: (() => Promise<string>)[] = [];

  return {
    registry,
    contentType: registry.contentType,
    include(source) {
      sources.push(source);
    },
    async render() {
      const texts = await Promise.all([registry.metrics(), ...sources.map((source) => source().catch(() => ''))]);
      return texts.filter((text) => text !== '').join('\n');
    },
  };
}

/** How long scrapers share one text: however many there are, it is made once a second. */
export const METRICS_FRESH_MS = 1_000;

/** From a millisecond, which is an idle read, to ten seconds, which is a fault. */
export const DURATION_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
