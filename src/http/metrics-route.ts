import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { shareAnswer } from '../platform/shared-answer';
import { METRICS_FRESH_MS, type Metrics } from '../platform/telemetry/metrics';
import type { HttpEnv } from './http-env';
import { createRouter } from './router';

/** `/metrics`: the instruments of this process, in Prometheus's text format. It takes no key. */
export function createMetricsRoute(metrics: Metrics): OpenAPIHono<HttpEnv> {
  const render = shareAnswer(METRICS_FRESH_MS, metrics.render);
  const routes = createRouter();
  routes.openapi(
    createRoute({
      method: 'get',
      path: '/metrics',
      tags: ['health'],
      operationId: 'getMetrics',
      security: [],
      summary: 'Metrics for Prometheus',
      responses: { 200: { description: 'Prometheus text', content: { 'text/plain': { schema: z.string() } } } },
    }),
    async (c) => c.text(await render(), 200, { 'content-type': metrics.contentType }),
  );
  return routes;
}
