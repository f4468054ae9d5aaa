import type { OpenAPIHono } from '@hono/zod-openapi';
import { createRoutes, type RouteDeps } from './application';
import { createHealthRoutes, createMetricsRoute, type HealthChecks } from './health';
import type { Authenticate } from './http/api-keys';
import { createRouter } from './http/api-route';
import { createDocs } from './http/docs';
import { createFaultRoutes } from './http/fault-routes';
import { hasOwnBodyLimit, jsonOnly, limitBody, measureRequests, refuseOtherMethods } from './http/middleware';
import { answerError, answerNotFound, type HttpEnv } from './http/problem';
import type { Faults } from './platform/faults';
import type { Logger } from './platform/logger';
import type { Metrics } from './platform/metrics';
import { newId } from './platform/values';

const BODY_LIMIT_BYTES = 64 * 1024;

/** The dependencies of {@link createApp}. */
export interface AppOptions extends RouteDeps {
  readonly authenticate: Authenticate;
  readonly health: HealthChecks;
  readonly metrics: Metrics;
  readonly faults: Faults;
  /** Whether `/dev/faults` exists. */
  readonly faultInjection: boolean;
  /** The value of the header `x-paysaga-instance` in responses of the health routes. */
  readonly instanceId?: string;
  readonly logger: Logger;
}

/** Creates the HTTP interface: all routes and their middleware. Tests call `app.request()`. */
export function createApp(options: AppOptions): OpenAPIHono<HttpEnv> {
  const { authenticate, health, metrics, faults, logger } = options;
  const app = createRouter();

  app.use(measureRequests(metrics));
  app.use(async function requestContext(c, next) {
    const given = c.req.header('x-request-id');
    const requestId = given !== undefined && /^[\w.-]{1,64}$/.test(given) ? given : newId('req');
    c.set('requestId', requestId);
    c.set('logger', logger.child({ request_id: requestId }));
    c.set('authenticate', authenticate);
    c.header('X-Request-Id', requestId);
    await next();
  });
  const limited = limitBody(BODY_LIMIT_BYTES);
  app.use(async function limitUnlessWebhook(c, next) {
    return hasOwnBodyLimit(c) ? next() : limited(c, next);
  });
  app.use(jsonOnly);
  app.onError(answerError);
  app.notFound(answerNotFound);

  for (const routes of createRoutes(options)) app.route('/', routes);
  app.route('/', createHealthRoutes(health, undefined, options.instanceId));
  app.route('/', createMetricsRoute(metrics));
  if (options.faultInjection) app.route('/', createFaultRoutes(faults));
  app.route('/', createDocs(app));
  refuseOtherMethods(app);
  return app;
}
