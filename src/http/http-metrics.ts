import type { Context, MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import { Histogram } from 'prom-client';
import { DURATION_BUCKETS, type Metrics } from '../platform/telemetry/metrics';
import type { HttpEnv } from './http-env';

/** For a request that no route takes: its path is the client's own, and would be a series each. */
const UNMATCHED = 'unmatched';

/** Routes that are asked every few seconds. Their lines are at debug. */
const PROBES = new Set(['/health', '/health/live', '/health/ready', '/metrics']);

/** Times every request by method, route (its pattern, never the path asked for) and status, and logs one line for it. */
export function measureRequests({ registry }: Metrics): MiddlewareHandler<HttpEnv> {
  const duration = new Histogram({
    name: 'paysaga_http_request_duration_seconds',
    help: 'From the request’s headers to the answer',
    labelNames: ['method', 'route', 'status'],
    buckets: DURATION_BUCKETS,
    registers: [registry],
  });
  return async function measureRequest(c, next) {
    const started = performance.now();
    await next();
    const ms = performance.now() - started;
    const route = routeOf(c);
    const { method } = c.req;
    const { status } = c.res;
    duration.observe({ method, route, status }, ms / 1_000);
    // The request's logger has its `request_id`.
    const line = { method, route, status, ms: Math.round(ms * 10) / 10 };
    c.var.logger[PROBES.has(route) ? 'debug' : 'info'](line, 'http.request_completed');
  };
}

function routeOf(c: Context<HttpEnv>): string {
  const pattern = routePath(c, -1);
  return pattern === '*' || pattern === '/*' ? UNMATCHED : pattern;
}
