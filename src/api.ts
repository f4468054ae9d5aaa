import { serve } from '@hono/node-server';
import { createApplication, eventRegistry } from './application';
import { createAuthenticate } from './http/api-keys';
import { createApp } from './http/app';
import { createHealthChecks } from './http/health-checks';
import { createKafkaHealth } from './messaging/describe-kafka';
import { connectKafka } from './messaging/kafka';
import { createCancelSaga } from './sagas/cancel-saga';
import { createDecideStep } from './sagas/decide/decide-step';
import { registerReconciliationMetrics } from './reconciliation/reconciliation-metrics';
import { registerSagaMetrics } from './sagas/view/saga-metrics';
import { createSagaProgress } from './sagas/view/saga-progress';
import { createSagaStarter } from './sagas/start/start-saga';
import { createNotifier } from './outbox/wake-up/notifier';
import { registerOutboxMetrics } from './outbox/outbox-metrics';
import { connectDatabase } from './platform/database/database';
import { createFaults } from './platform/faults/faults';
import { createMetrics } from './platform/telemetry/metrics';
import { runProcess } from './platform/run-process';
import { connectTemporalClient, createWorkflowUrl } from './platform/temporal/temporal';

/** For a request to arrive, so that a slow sender holds no connection; answering may take longer. */
const TIMEOUTS = { headersTimeout: 10_000, requestTimeout: 30_000 };

/** Health looks at most once a second, as metrics do. */
const BACKGROUND_CONNECTIONS = 2;

/** The HTTP process. It listens at once; `/health/ready` tells what it still waits for. */
void runProcess('api', async ({ config, logger, fail }) => {
  const database = connectDatabase({ ...config.database, applicationName: 'paysaga-api', logger });
  // Health and metrics are told also while all connections for requests are taken.
  const background = connectDatabase({
    ...config.database,
    poolSize: BACKGROUND_CONNECTIONS,
    applicationName: 'paysaga-api-background',
    logger,
  });
  const temporal = connectTemporalClient({ config: config.temporal });
  const kafka = createKafkaHealth(connectKafka({ config: config.kafka, logger }));
  const faults = createFaults({ database, enabled: config.faultInjection, logger });
  const hints = { url: config.database.url, applicationName: 'paysaga-api-hints', logger };
  const notifier = createNotifier(hints);
  const mediator = createApplication({
    database,
    logger,
    notifier,
    workflowUrl: createWorkflowUrl(config.temporal),
    sagaProgress: createSagaProgress({ temporal, logger }),
  });

  const metrics = createMetrics();
  if (config.outboxMetrics) registerOutboxMetrics({ metrics, database: background, registry: eventRegistry, logger });

  registerReconciliationMetrics({ metrics, database: background, logger });
  registerSagaMetrics({ metrics, database: background, logger });

  const app = createApp({
    mediator,
    sagas: createSagaStarter({ temporal, config, logger }),
    decideStep: createDecideStep(temporal),
    cancelSaga: createCancelSaga({ temporal, logger }),
    authenticate: createAuthenticate(database),
    health: createHealthChecks({ database: background, kafka, temporal, outboxLag: config.outboxLag }),
    metrics,
    faults,
    webhooks: config.webhooks,
    faultInjection: config.faultInjection,
    logger,
  });
  const server = serve(
    { fetch: app.fetch, hostname: config.http.host, port: config.http.port, serverOptions: TIMEOUTS },
    ({ address, port }) => {
      logger.info({ address, port }, 'api.listening');
    },
  );
  server.on('error', fail);
  // Opens the connections before the first request needs them, and remembers what was there at the start.
  void app.request('/health');

  return async function stop() {
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      if ('closeIdleConnections' in server) server.closeIdleConnections();
    });
    await Promise.all([
      kafka.close(),
      temporal.close(),
      notifier.close(),
      database.$disconnect(),
      background.$disconnect(),
    ]);
  };
});
