import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Server as TcpServer, type Socket } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { Counter, Gauge } from 'prom-client';
import type { HttpConfig } from '../http-config';
import { listen } from '../platform/listen';
import type { Metrics } from '../platform/telemetry/metrics';

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
