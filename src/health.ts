import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { createRouter, header, json } from './http/api-route';
import type { HttpEnv } from './http/problem';
import { type Metrics, METRICS_FRESH_MS } from './platform/metrics';
import { shareAnswer } from './platform/shared-work';
import { INSTANCE_HEADER } from './platform/supervision';
import { within } from './platform/timing';
import { SetupMissing } from './platform/watch-setup';

const CHECK_TIMEOUT_MS = 1_500;
/** The time for which callers share one result, in ms, because the checks query database, broker and Temporal. */
const FRESH_MS = 1_000;

/** The status of a check, or of the whole service. */
export type HealthStatus = 'healthy' | 'degraded' | 'unhealthy';

/** A check of `/health`. */
export interface HealthCheck {
  /** Runs the check. It rejects, or does not settle in time, when its dependency does not answer. */
  readonly ask: () => Promise<HealthFinding | void>;
  /** Whether the service is unhealthy without it. Otherwise the service is only degraded. */
  readonly essential: boolean;
  /**
   * Whether other processes do the work. It never takes this process out of rotation: refusing orders publishes no
   * event sooner, and a backlog would affect every API at once.
   */
  readonly elsewhere?: boolean;
  /** Whether it checks a party that the service can work without. It is at worst degraded, even if the check fails. */
  readonly advisory?: boolean;
}

/** The result of a check. `detail` is a clause for people. */
export interface HealthFinding {
  readonly status: HealthStatus;
  readonly detail?: string;
}

const names = [
  'database',
  'broker',
  'temporal',
  'outbox_lag',
  'dead_letters',
  'consumers',
  'sagas',
  'payment_provider',
  'carrier',
] as const;
type Name = (typeof names)[number];

/** The checks of `/health`, by name. */
export type HealthChecks = Readonly<Record<Name, HealthCheck>>;

/** Returns a record with a value for each check, for the OpenAPI document and the response. */
const eachName = <Value>(valueOf: (name: Name, index: number) => Value): Record<Name, Value> =>
  Object.fromEntries(names.map((name, index) => [name, valueOf(name, index)])) as Record<Name, Value>;

const healthStatus = z.enum(['healthy', 'degraded', 'unhealthy']);
const check = z.object({ status: healthStatus, detail: z.string().optional(), latency_ms: z.number().optional() });
const report = z
  .object({
    status: healthStatus,
    checks: z.object(eachName(() => check)),
  })
  .openapi('Health');

const answer = <Schema extends z.ZodType>(schema: Schema, description: string) => ({
  ...json(schema, description),
  headers: {
    [INSTANCE_HEADER]: header('`PAYSAGA_INSTANCE_ID` of the process, where it is set.', { type: 'string' }, false),
  },
});

type Check = z.infer<typeof check>;

/**
 * Creates the health routes. `/health/live`: the process answers. `/health` and `/health/ready`: its dependencies work.
 * A dependency that has not answered since the start makes it unhealthy, so a deployment waits for it. A later outage
 * makes it degraded, because orders are still taken without Kafka and Temporal.
 *
 * `/health/ready` is for load balancers, `/health` for people and alerts. They differ for work of other processes
 * (`outbox_lag`): unhealthy is 503 on `/health`, and degraded on `/health/ready`.
 *
 * @param freshMs the time for which callers share one result, in ms
 * @param instanceId the header `x-paysaga-instance` of every response
 */
export function createHealthRoutes(
  checks: HealthChecks,
  freshMs = FRESH_MS,
  instanceId?: string,
): OpenAPIHono<HttpEnv> {
  const seen = new Set<string>();

  const run = async (name: string, { ask, essential, advisory }: HealthCheck): Promise<Check> => {
    const started = performance.now();
    try {
      const finding = await within(CHECK_TIMEOUT_MS, ask(), () => new CheckTimeout());
      seen.add(name);
      return { ...(finding ?? { status: 'healthy' }), latency_ms: Math.round(performance.now() - started) };
    } catch (error) {
      const detail =
        error instanceof SetupMissing
          ? error.message
          : `${name} does not answer${error instanceof CheckTimeout ? ' in time' : ''}`;
      return { status: !advisory && (essential || !seen.has(name)) ? 'unhealthy' : 'degraded', detail };
    }
  };

  const ask = shareAnswer(freshMs, async (): Promise<Record<Name, Check>> => {
    const found = await Promise.all(names.map((name) => run(name, checks[name])));
    return eachName((_, index) => found[index] ?? { status: 'unhealthy' });
  });

  const judge = (path: '/health' | '/health/ready', found: Awaited<ReturnType<typeof ask>>) => {
    const results = names.map((name) =>
      path === '/health/ready' && checks[name].elsewhere && found[name].status === 'unhealthy'
        ? 'degraded'
        : found[name].status,
    );
    const status = results.includes('unhealthy') ? 'unhealthy' : results.includes('degraded') ? 'degraded' : 'healthy';
    return { status, checks: found } as const;
  };

  const routes = createRouter();
  const identified = instanceId === undefined ? undefined : { [INSTANCE_HEADER]: instanceId };
  routes.openapi(
    createRoute({
      method: 'get',
      path: '/health/live',
      tags: ['health'],
      operationId: 'getLiveness',
      security: [],
      summary: 'The process answers',
      responses: { 200: answer(z.object({ status: z.literal('healthy') }), 'Alive') },
    }),
    (c) => c.json({ status: 'healthy' as const }, 200, identified),
  );
  for (const path of ['/health', '/health/ready'] as const) {
    routes.openapi(
      createRoute({
        method: 'get',
        path,
        tags: ['health'],
        operationId: path === '/health' ? 'getHealth' : 'getReadiness',
        security: [],
        summary:
          path === '/health'
            ? 'The state of the service and of all that it stands on: for people and alarms'
            : 'Whether this process can serve: for load balancers',
        responses: { 200: answer(report, 'Healthy or degraded'), 503: answer(report, 'Unhealthy') },
      }),
      async (c) => {
        const result = judge(path, await ask());
        return c.json(result, result.status === 'unhealthy' ? 503 : 200, identified);
      },
    );
  }
  return routes;
}

class CheckTimeout extends Error {}

/** Creates `/metrics`: the metrics of this process in Prometheus's text format. It needs no key. */
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
