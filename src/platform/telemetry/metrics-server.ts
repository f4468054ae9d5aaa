import { createServer, type RequestListener } from 'node:http';
import { shareAnswer } from '../shared-answer';
import type { Logger } from './logger';
import { METRICS_FRESH_MS, type Metrics } from './metrics';

export interface MetricsServerOptions {
  readonly host: string;
  /** None is opened without it. */
  readonly port?: number;
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
 * @throws Error when the port is taken
 */
export async function startMetricsServer(options: MetricsServerOptions): Promise<MetricsServer> {
  const { host, port, metrics, logger, missing = () => [] } = options;
  if (port === undefined) return { close: async () => undefined };
  const server = createServer({ requestTimeout: 10_000 }, answerWith(metrics, logger, missing));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  });
  logger.info({ address: server.address() }, 'metrics.listening');
  return {
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function answerWith(metrics: Metrics, logger: Logger, missing: () => readonly string[]): RequestListener {
  const render = shareAnswer(METRICS_FRESH_MS, metrics.render);
  return function answer(request, response) {
    const path = new URL(request.url ?? '/', 'http://local').pathname;
    if (request.method !== 'GET') response.writeHead(405, { allow: 'GET' }).end();
    else if (path === '/health/live') {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"healthy"}');
    } else if (path === '/health/ready') {
      const detail = missing().join('; ');
      const report = detail ? { status: 'unhealthy', detail } : { status: 'healthy' };
      response.writeHead(detail ? 503 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(report));
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
