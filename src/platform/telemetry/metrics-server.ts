import { createServer, type RequestListener } from 'node:http';
import { listen } from '../listen';
import { shareAnswer } from '../shared-answer';
import { INSTANCE_HEADER } from '../supervision';
import type { Logger } from './logger';
import { METRICS_FRESH_MS, type Metrics } from './metrics';

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
