import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Server as TcpServer, type Socket } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { Counter, Gauge } from 'prom-client';
import { z } from 'zod';
import { flag, integer } from '../platform/config-values';
import { listen } from '../platform/listen';
import type { Metrics } from '../platform/metrics';

/**
 * For a request to arrive; answering may take longer. Node counts the first from a connection's beginning or a
 * request's first byte, never while a connection is idle: it need not be above the keep-alive time-out.
 */
const ARRIVAL = { headersTimeout: 10_000, requestTimeout: 20_000, connectionsCheckingInterval: 1_000 };

/** A client that takes nothing of its answer for this long is gone; a waiting request is quiet for 30 s at most. */
const SILENCE_MS = 60_000;

/** At the end, for a request that is on its way on a connection that looks idle. */
const IDLE_GRACE_MS = 1_000;
const IDLE_CHECK_MS = 100;

/** Clients that connect in the same moment and wait to be accepted; the system's own limit is often 4,096. */
const BACKLOG = 2_048;

export interface HttpServerOptions {
  readonly fetch: (request: Request, env: object) => Response | Promise<Response>;
  readonly config: HttpConfig;
  readonly metrics: Metrics;
}

export interface HttpServer {
  /** @throws CannotListen when the address is taken, forbidden or not of this machine */
  listen(): Promise<{ readonly address: string; readonly port: number }>;
  /**
   * Takes no new connections and ends the others: each answer, also to a request that still arrives, says
   * `Connection: close`. What has not ended within `graceMs` is cut.
   */
  drain(graceMs: number): Promise<void>;
}

/** The API's HTTP server, with limits on connections and on the time for a request to arrive. */
export function createHttpServer({ fetch, config, metrics }: HttpServerOptions): HttpServer {
  const { host, port, keepAliveMs, maxConnections } = config;
  const serverOptions = { ...ARRIVAL, keepAliveTimeout: keepAliveMs };
  const server = createAdaptorServer({ fetch, hostname: host, serverOptions }) as Server;
  server.timeout = SILENCE_MS;
  const connections = limitConnections(server, maxConnections, metrics);
  const answers = new Set<ServerResponse>();
  let draining = false;

  // Before Hono's listener, which may answer at once.
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
      // The HTTP server's own `close` would cut idle connections at once, also under a request on its way.
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
 * Over the limit, the connection goes that has been idle longest, so that silent ones keep nobody out. A newcomer goes
 * itself where all others are at work.
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

export const NODE_ENV = z
  .enum(['development', 'test', 'production'])
  .default('production')
  .describe('`production` has no fault points and no checks for developers.');

/** The variables of every process, and of the API’s HTTP server. */
export const httpVariables = {
  NODE_ENV,
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('The least level that is logged.'),
  LOG_PRETTY: flag.default(false).describe('Logs lines for people instead of JSON.'),
  HOST: z.string().default('0.0.0.0').describe('The address that the servers of the process listen on.'),
  PORT: integer(0, 65_535).default(3000).describe('The port of the API. `0` takes a free one.'),
  METRICS_PORT: integer(1, 65_535)
    .optional()
    .describe('The port of `/metrics` and `/health` of worker and consumer. Without it they have none.'),
  HTTP_KEEP_ALIVE_MS: integer(1_000, 3_600_000)
    .default(620_000)
    .describe('How long the API keeps an idle connection. Keep it above the idle time of your load balancer.'),
  HTTP_MAX_CONNECTIONS: integer(1, 1_000_000)
    .default(5_000)
    .describe('Open connections of one API process. Over it, the one that has been idle longest is closed.'),
  HTTP_MAX_WAITING: integer(0, 1_000_000)
    .default(1_000)
    .describe('Requests that may wait for the database in one API process. One more is answered 503.'),
  HTTP_MAX_WAIT_MS: integer(10, 60_000)
    .default(2_000)
    .describe('How long a request may wait for the database before it is answered 503.'),
  PAYSAGA_INSTANCE_ID: z
    .string()
    .regex(/^[\w.-]{1,64}$/, 'must be 1 to 64 letters, digits, dots, hyphens and underscores')
    .optional()
    .describe('A name that the process answers in the header `x-paysaga-instance` of its health routes.'),
  SHUTDOWN_GRACE_MS: integer(0, 600_000)
    .default(10_000)
    .describe('How long a process finishes its work after SIGTERM. Give the platform 5 s more.'),
};

type Variables = z.infer<z.ZodObject<typeof httpVariables>>;

/** The HTTP server of the API. */
export const httpConfig = (env: Variables) => ({
  host: env.HOST,
  port: env.PORT,
  keepAliveMs: env.HTTP_KEEP_ALIVE_MS,
  maxConnections: env.HTTP_MAX_CONNECTIONS,
  maxWaiting: env.HTTP_MAX_WAITING,
  maxWaitMs: env.HTTP_MAX_WAIT_MS,
});

export type HttpConfig = ReturnType<typeof httpConfig>;
