import { createApp } from './app';
import { consumers, createApplication, eventRegistry } from './application';
import { createIdempotencyKeys } from './cqrs/idempotency-keys';
import type { Message } from './cqrs/message';
import { registerDeadLetterMetrics } from './dead-letters/metrics';
import { createHealthChecks } from './health-checks';
import { createAuthenticate, createKeyUse } from './http/api-keys';
import { limitSends } from './http/limit-sends';
import { createHttpServer } from './http/server';
import { connectKafka, createKafkaHealth } from './kafka/client';
import { registerOutboxMetrics } from './outbox/backlog-metrics';
import { createNotifier } from './outbox/notify';
import { acceptPayment } from './payments/accept-payment';
import { connectDatabase } from './platform/database/database';
import { followDatabaseClock } from './platform/database/database-clock';
import { assertPooledSettings } from './platform/database/pooled-settings';
import { createFaults } from './platform/faults';
import { createMetrics } from './platform/metrics';
import { connectTemporalClient, createWorkflowUrl } from './platform/temporal/temporal';
import { watchSetup } from './platform/watch-setup';
import { registerReconciliationMetrics } from './reconciliation/metrics';
import { closeAll, runProcess } from './run-process';
import { registerSagaMetrics } from './sagas/metrics';
import { createCancelSaga, createDecideStep } from './sagas/operate';
import { createSagaProgress } from './sagas/queries';
import { createSagaStarter } from './sagas/start';
import { setupChecks } from './setup-checks';

/**
 * The concurrent requests per connection of the pool. Two, so that the next request is ready when a connection is free.
 */
const RUNNING_PER_CONNECTION = 2;

/** Health checks run at most once a second, and so do the metrics' queries. */
const BACKGROUND_CONNECTIONS = 2;

/** The HTTP process. It listens at once; `/health/ready` shows what it still waits for. */
void runProcess('api', async ({ config, logger, fail, stopping }) => {
  await assertPooledSettings({ ...config.database, logger, fail, signal: stopping });
  const database = connectDatabase({ ...config.database, applicationName: 'paysaga-api', logger });
  await followDatabaseClock({ database, logger, signal: stopping });
  // Keeps health and metrics available while requests use every other connection.
  const background = connectDatabase({
    ...config.database,
    poolSize: BACKGROUND_CONNECTIONS,
    applicationName: 'paysaga-api-background',
    logger,
  });
  const temporal = connectTemporalClient({ config: config.temporal });
  const kafka = createKafkaHealth(connectKafka({ config: config.kafka, logger }));
  const setup = watchSetup({
    checks: {
      database: () => setupChecks.database({ database: background }),
      topics: () => setupChecks.topics({ kafka }),
      temporal: () => setupChecks.temporal({ temporal }),
    },
    logger,
    signal: stopping,
  });
  const faults = createFaults({ database, enabled: config.faultInjection, logger });
  const notifications = { url: config.database.directUrl, applicationName: 'paysaga-api-notifications', logger };
  const notifier = createNotifier(notifications);
  const mediator = createApplication({
    database,
    logger,
    notifier,
    workflowUrl: createWorkflowUrl(config.temporal),
    sagaProgress: createSagaProgress({ temporal, logger }),
    keyRotationGraceMs: config.keys.rotationGraceMs,
  });

  const metrics = createMetrics();
  if (config.outboxMetrics) registerOutboxMetrics({ metrics, database: background, registry: eventRegistry, logger });

  registerReconciliationMetrics({ metrics, database: background, logger });
  registerSagaMetrics({ metrics, database: background, logger });
  const groups = consumers.map(({ group }) => group);
  registerDeadLetterMetrics({ metrics, database: background, groups, logger });

  const limits = {
    running: RUNNING_PER_CONNECTION * config.database.poolSize,
    waiting: config.http.maxWaiting,
    waitMs: config.http.maxWaitMs,
    // A payment's client waits and the money has already moved, so payments go before a burst of orders.
    isUrgent: ({ definition }: Message) => definition.name === acceptPayment.name,
  };
  const keyUse = createKeyUse(background, logger);
  const hurry = new AbortController();
  const app = createApp({
    mediator: limitSends(mediator, limits, metrics),
    idempotency: createIdempotencyKeys({ database }),
    sagas: createSagaStarter({ temporal, ...config.saga, logger, hurry: hurry.signal }),
    decideStep: createDecideStep(temporal),
    cancelSaga: createCancelSaga({ temporal, logger }),
    authenticate: createAuthenticate(database, keyUse.note),
    health: createHealthChecks({ database: background, kafka, temporal, outboxLag: config.outboxLag, setup }),
    metrics,
    faults,
    webhooks: config.webhooks,
    faultInjection: config.faultInjection,
    ...(config.instanceId !== undefined && { instanceId: config.instanceId }),
    logger,
  });
  const server = createHttpServer({ fetch: app.fetch, config: config.http, metrics });
  logger.info(await server.listen(), 'api.listening');
  // Opens the connections before the first request needs them, and records which services answer at the start.
  void app.request('/health');

  return async function stop() {
    // Ends the wait of clients for a saga's end early: they get 202 well before the grace time is over.
    setTimeout(() => hurry.abort(), config.shutdownGraceMs / 2);
    await server.drain(config.shutdownGraceMs);
    await keyUse.close();
    await closeAll([
      kafka.close(),
      temporal.close(),
      notifier.close(),
      database.$disconnect(),
      background.$disconnect(),
    ]);
  };
});
