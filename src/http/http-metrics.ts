import type { MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import { Histogram } from 'prom-client';
import { DURATION_BUCKETS, type Metrics } from '../platform/telemetry/metrics';
import type { HttpEnv } from './http-env';

/** For a request that no route takes: its path is the client's own, and would be a series each. */
const UNMATCHED = 'unmatched';

/** Times every request by method, route (its pattern, never the path asked for) and status. */
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
    const pattern = routePath(c, -1);
    const route = pattern === '*' || pattern === '/*' ? UNMATCHED : pattern;
    duration.observe({ method: c.req.method, route, status: c.res.status }, (performance.now() - started) / 1_000);
  };
}
