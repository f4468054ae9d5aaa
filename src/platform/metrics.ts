import { createServer, type RequestListener } from 'node:http';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { listen } from './listen';
import type { Logger } from './logger';
import { shareAnswer } from './shared-work';
import { INSTANCE_HEADER } from './supervision';

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

/**
 * What gauges tell of the database, read when they are scraped: whoever asks while it is read, or within a second after,
 * gets that. `undefined` while it cannot be read: no samples are better than old ones.
 */
export const scraped = <T>(read: () => Promise<T>, onError: (error: unknown) => void): (() => Promise<T | undefined>) =>
  shareAnswer(METRICS_FRESH_MS, () =>
    read().catch((error: unknown) => {
      onError(error);
      return undefined;
    }),
  );

export interface MetricsServerOptions {
  readonly host: string;
  /** None is opened without it. */
  readonly port?: number;
  /** Sent with the health routes as `x-paysaga-instance`. */
  readonly instanceId?: string;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** What the process waits for, in words. Nothing by default. */
  readonly missing?: () => readonly string[];
}

export interface MetricsServer {
  close(): Promise<void>;
}

/**
 * `/metrics`, `/health/live` and `/health/ready` for a process that has no other HTTP. It takes no key: open its port to
 * the scraper alone. Resolves when it listens.
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
