import { createServer, type RequestListener } from 'node:http';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { listen } from './listen';
import type { Logger } from './logger';
import { shareAnswer } from './shared-work';
import { INSTANCE_HEADER } from './supervision';

/** The metrics of a process. Its entry point creates them and passes them on. */
export interface Metrics {
  /** The registry of the metrics. Their names begin with `paysaga_`. */
  readonly registry: Registry;
  readonly contentType: string;
  /** Adds text in the same format from another source, such as Temporal's SDK. Its names must not repeat ours. */
  include(source: () => Promise<string>): void;
  /** Renders all metrics in Prometheus's text format. Omits a source that fails. */
  readonly render: () => Promise<string>;
}

/**
 * Creates the metrics of a process, with Node's own (`process_…`, `nodejs_…`)
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

/** The time for which scrapers share one rendered text, in ms. */
export const METRICS_FRESH_MS = 1_000;

/** Buckets in seconds, from an idle read (1 ms) to a fault (10 s). */
export const DURATION_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * Reads values of gauges at a scrape. Scrapes during the read, or within a second after it, share its result. Returns
 * `undefined` when the read fails, because missing samples are better than outdated ones.
 */
export const scraped = <T>(read: () => Promise<T>, onError: (error: unknown) => void): (() => Promise<T | undefined>) =>
  shareAnswer(METRICS_FRESH_MS, () =>
    read().catch((error: unknown) => {
      onError(error);
      return undefined;
    }),
  );

/** The options of {@link startMetricsServer}. */
export interface MetricsServerOptions {
  readonly host: string;
  /** The port. Defaults to none: no server is started. */
  readonly port?: number;
  /** The value of the header `x-paysaga-instance` of the health routes. */
  readonly instanceId?: string;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Returns what the process waits for, as sentences. Defaults to nothing. */
  readonly missing?: () => readonly string[];
}

/** A running metrics server. */
export interface MetricsServer {
  close(): Promise<void>;
}

/**
 * Serves `/metrics`, `/health/live` and `/health/ready` for a process without other HTTP. It needs no key, so its port
 * must be open to the scraper alone. Resolves when it listens.
 *
 * @throws CannotListen when the address is taken, forbidden or not of this machine
 */
export async function startMetricsServer(options: MetricsServerOptions): Promise<MetricsServer> {
  const { host, port, instanceId, metrics, logger, missing = () => [] } = options;
  if (port === undefined) return { close: async () => undefined };
  const server = createServer({ requestTimeout: 10_000 }, answerWith({ metrics, logger, missing, instanceId }));
  const { address } = await listen(server, { host, port, variable: 'METRICS_PORT' });
  logger.info({ address, port }, 'metrics.listening');
  return {
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

interface AnswerOptions extends Required<Pick<MetricsServerOptions, 'metrics' | 'logger' | 'missing'>> {
  readonly instanceId: string | undefined;
}

function answerWith({ metrics, logger, missing, instanceId }: AnswerOptions): RequestListener {
  const headers = { 'content-type': 'application/json', ...(instanceId && { [INSTANCE_HEADER]: instanceId }) };
  const render = shareAnswer(METRICS_FRESH_MS, metrics.render);
  return function answer(request, response) {
    const path = new URL(request.url ?? '/', 'http://local').pathname;
    if (request.method !== 'GET') response.writeHead(405, { allow: 'GET' }).end();
    else if (path === '/health/live') {
      response.writeHead(200, headers).end('{"status":"healthy"}');
    } else if (path === '/health/ready') {
      const detail = missing().join('; ');
      const report = detail ? { status: 'unhealthy', detail } : { status: 'healthy' };
      response.writeHead(detail ? 503 : 200, headers).end(JSON.stringify(report));
    } else if (path === '/metrics') {
      render().then(
        (text) => response.writeHead(200, { 'content-type': metrics.contentType }).end(text),
        (error: unknown) => {
          logger.warn({ err: error }, 'metrics.scrape_failed');
          response.writeHead(500).end();
        },
      );
    } else response.writeHead(404).end();
  };
}
