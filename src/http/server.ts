import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Server as TcpServer, type Socket } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { Counter, Gauge } from 'prom-client';
import { z } from 'zod';
import { flag, integer } from '../platform/config-values';
import { listen } from '../platform/listen';
import type { Metrics } from '../platform/metrics';

/**
 * The time for a request to arrive; the response may take longer. Node does not count idle time, so `headersTimeout`
 * may be below the keep-alive timeout.
 */
const ARRIVAL = { headersTimeout: 10_000, requestTimeout: 20_000, connectionsCheckingInterval: 1_000 };

/** After this silence a client is disconnected. A request that waits is silent for at most 30 s. */
const SILENCE_MS = 60_000;

/** How long idle connections stay open while draining, because a request may be on its way. */
const IDLE_GRACE_MS = 1_000;
const IDLE_CHECK_MS = 100;

/** The most connections that wait to be accepted. The system's limit is often 4,096. */
const BACKLOG = 2_048;

/** The dependencies of {@link createHttpServer}. */
export interface HttpServerOptions {
  readonly fetch: (request: Request, env: object) => Response | Promise<Response>;
  readonly config: HttpConfig;
  readonly metrics: Metrics;
}

/** The API's HTTP server. */
export interface HttpServer {
  /** Starts to listen. @throws CannotListen if the address is taken, forbidden or not local */
  listen(): Promise<{ readonly address: string; readonly port: number }>;
  /**
   * Accepts no new connections and ends the others: every response from now on has `Connection: close`. Connections
   * that are open after `graceMs` are cut.
   */
  drain(graceMs: number): Promise<void>;
}

/** Creates the API's HTTP server, with limits on connections and on the time for a request to arrive. */
export function createHttpServer({ fetch, config, metrics }: HttpServerOptions): HttpServer {
  const { host, port, keepAliveMs, maxConnections } = config;
  const serverOptions = { ...ARRIVAL, keepAliveTimeout: keepAliveMs };
  const server = createAdaptorServer({ fetch, hostname: host, serverOptions }) as Server;
  server.timeout = SILENCE_MS;
  const connections = limitConnections(server, maxConnections, metrics);
  const answers = new Set<ServerResponse>();
  let draining = false;

  // Before Hono's listener, which may respond immediately.
  server.prependListener('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    if (draining) response.shouldKeepAlive = false;
    connections.begins(socket);
    answers.add(response);
    response.once('close', () => {
      answers.delete(response);
      connections.ends(socket);
    });
  });

  return {
    listen: () => listen(server, { host, port, backlog: BACKLOG, variable: 'PORT' }),

    async drain(graceMs) {
      draining = true;
      for (const answer of answers) answer.shouldKeepAlive = false;
      // `close` of the HTTP server would cut idle connections immediately, even if a request is on its way.
      const ended = new Promise<void>((resolve) => {
        TcpServer.prototype.close.call(server, () => resolve());
      });
      const began = performance.now();
      const watch = setInterval(() => {
        const passedMs = performance.now() - began;
        if (passedMs >= graceMs) server.closeAllConnections();
        else if (passedMs >= IDLE_GRACE_MS) {
          server.closeIdleConnections();
          connections.endUnused();
        }
      }, IDLE_CHECK_MS);
      await ended;
      clearInterval(watch);
    },
  };
}

/**
 * Closes the connection that has been idle longest when there are more than `limit`, so that silent clients cannot
 * exclude others. If no other is idle, the new connection is closed.
 */
function limitConnections(server: Server, limit: number, { registry }: Metrics) {
  const idle = new Set<Socket>();
  let open = 0;
  const dropped = new Counter({
    name: 'paysaga_http_connections_dropped_total',
    help: 'Connections ended because there were more than HTTP_MAX_CONNECTIONS',
    registers: [registry],
  });
  new Gauge({
    name: 'paysaga_http_connections',
    help: 'Open connections',
    registers: [registry],
    collect() {
      this.set(open);
    },
  });

  server.on('connection', (socket: Socket) => {
    open += 1;
    idle.add(socket);
    socket.once('close', () => {
      open -= 1;
      idle.delete(socket);
    });
    if (open <= limit) return;
    const [longest] = idle;
    longest?.destroy();
    dropped.inc();
  });

  return {
    begins: (socket: Socket) => void idle.delete(socket),
    ends: (socket: Socket) => void (socket.destroyed || idle.add(socket)),
    endUnused() {
      for (const socket of idle) if (socket.bytesRead === 0) socket.destroy();
    },
  };
}

/** The variable `NODE_ENV`. */
export const NODE_ENV = z
  .enum(['development', 'test', 'production'])
  .default('production')
  .describe('In `production`, fault points and checks for developers are off.');

/** The variables of every process, and of the API’s HTTP server. */
export const httpVariables = {
  NODE_ENV,
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('The lowest level that is logged.'),
  LOG_PRETTY: flag.default(false).describe('Logs readable lines instead of JSON.'),
  HOST: z.string().default('0.0.0.0').describe('The address on which the servers of a process listen.'),
  PORT: integer(0, 65_535).default(3000).describe('The port of the API. With `0`, the system chooses a free port.'),
  METRICS_PORT: integer(1, 65_535)
    .optional()
    .describe('The port of `/metrics` and `/health` in worker and consumer. If unset, they have no server.'),
  HTTP_KEEP_ALIVE_MS: integer(1_000, 3_600_000)
    .default(620_000)
    .describe('How long the API keeps an idle connection. Keep it above the idle time of your load balancer.'),
  HTTP_MAX_CONNECTIONS: integer(1, 1_000_000)
    .default(5_000)
    .describe(
      'The most open connections of an API process. Above it, the connection that has been idle longest is closed.',
    ),
  HTTP_MAX_WAITING: integer(0, 1_000_000)
    .default(1_000)
    .describe('The most requests that wait for the database in an API process. Others get a 503.'),
  HTTP_MAX_WAIT_MS: integer(10, 60_000)
    .default(2_000)
    .describe('How long a request may wait for the database before it gets a 503.'),
  PAYSAGA_INSTANCE_ID: z
    .string()
    .regex(/^[\w.-]{1,64}$/, 'must be 1 to 64 letters, digits, dots, hyphens and underscores')
    .optional()
    .describe('The value of the header `x-paysaga-instance` in responses of the health routes.'),
  SHUTDOWN_GRACE_MS: integer(0, 600_000)
    .default(10_000)
    .describe('How long a process may finish its work after SIGTERM. Give the platform 5 s more.'),
};

type Variables = z.infer<z.ZodObject<typeof httpVariables>>;

/** Makes the configuration of the API's HTTP server. */
export const httpConfig = (env: Variables) => ({
  host: env.HOST,
  port: env.PORT,
  keepAliveMs: env.HTTP_KEEP_ALIVE_MS,
  maxConnections: env.HTTP_MAX_CONNECTIONS,
  maxWaiting: env.HTTP_MAX_WAITING,
  maxWaitMs: env.HTTP_MAX_WAIT_MS,
});

/** The configuration of the API's HTTP server. */
export type HttpConfig = ReturnType<typeof httpConfig>;
