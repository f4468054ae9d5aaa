import type { OpenAPIHono } from '@hono/zod-openapi';
import { createAnalyticsRoutes } from '../analytics/routes';
import { createBillingRoutes } from '../billing/routes';
import { createInventoryRoutes } from '../inventory/routes';
import { createKeyRoutes } from '../keys/routes';
import type { WebhooksConfig } from '../payments-config';
import type { Mediator } from '../mediator/mediator';
import { createDeadLetterRoutes } from '../messaging/dead-letters/routes';
import { createOrderRoutes } from '../orders/routes';
import { createOutboxRoutes } from '../outbox/operator/routes';
import type { CancelSaga } from '../sagas/cancel-saga';
import type { DecideStep } from '../sagas/decide/decide-step';
import { createPaymentRoutes } from '../payments/routes';
import { createWebhookRoutes } from '../payments/webhooks/routes';
import { createReconciliationRoutes } from '../reconciliation/routes';
import { createSagaRoutes } from '../sagas/routes';
import type { SagaStarter } from '../sagas/start/start-saga';
import type { Faults } from '../platform/faults/faults';
import { newId } from '../platform/ids';
import type { Logger } from '../platform/telemetry/logger';
import type { Metrics } from '../platform/telemetry/metrics';
import type { Authenticate } from './api-keys';
import { hasOwnBodyLimit, limitBody } from './body-limit';
import { createFaultRoutes } from './dev-faults';
import { createDocs } from './docs';
import { createHealthRoutes, type HealthChecks } from './health';
import { measureRequests } from './http-metrics';
import type { HttpEnv } from './http-env';
import { jsonOnly } from './json-body';
import { createMetricsRoute } from './metrics-route';
import { answerError, answerNotFound } from './problem';
import { refuseOtherMethods } from './refuse-other-methods';
import { createRouter } from './router';

const BODY_LIMIT_BYTES = 64 * 1024;

export interface AppOptions {
  readonly mediator: Mediator;
  readonly sagas: SagaStarter;
  readonly decideStep: DecideStep;
  readonly cancelSaga: CancelSaga;
  readonly authenticate: Authenticate;
  readonly health: HealthChecks;
  readonly metrics: Metrics;
  readonly faults: Faults;
  /** A webhook whose secret is not here has no route. */
  readonly webhooks: WebhooksConfig;
  /** Mounts `/dev/faults`. */
  readonly faultInjection: boolean;
  /** Sent with the health routes. */
  readonly instanceId?: string;
  readonly logger: Logger;
}

/** The HTTP interface: every route, and what surrounds them all. Call `app.request()` in tests. */
export function createApp(options: AppOptions): OpenAPIHono<HttpEnv> {
  const { mediator, sagas, decideStep, cancelSaga, authenticate, health, metrics, faults, webhooks, logger } = options;
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

  app.route('/', createOrderRoutes({ mediator, sagas, cancelSaga, faults }));
  app.route('/', createPaymentRoutes({ mediator, sagas, faults }));
  app.route('/', createWebhookRoutes({ mediator, sagas, faults, webhooks }));
  app.route('/', createSagaRoutes({ mediator, sagas, decideStep }));
  app.route('/', createBillingRoutes({ mediator }));
  app.route('/', createInventoryRoutes({ mediator }));
  app.route('/', createAnalyticsRoutes({ mediator }));
  app.route('/', createOutboxRoutes({ mediator }));
  app.route('/', createDeadLetterRoutes({ mediator }));
  app.route('/', createKeyRoutes({ mediator }));
  app.route('/', createReconciliationRoutes({ mediator }));
  app.route('/', createHealthRoutes(health, undefined, options.instanceId));
  app.route('/', createMetricsRoute(metrics));
  if (options.faultInjection) app.route('/', createFaultRoutes(faults));
  app.route('/', createDocs(app));
  refuseOtherMethods(app);
  return app;
}
