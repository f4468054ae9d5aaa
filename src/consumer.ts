import { consumers, createApplication, eventRegistry } from './application';
import { connectKafka, createKafkaHealth } from './kafka/client';
import { startConsumer } from './kafka/consumer';
import { createConsumerMetrics } from './kafka/consumer-metrics';
import { createNotifier } from './outbox/notify';
import { connectDatabase } from './platform/database/database';
import { followDatabaseClock } from './platform/database/database-clock';
import { assertPooledSettings } from './platform/database/pooled-settings';
import { createFaults } from './platform/faults';
import { createMetrics, startMetricsServer } from './platform/metrics';
import { createReadiness, watchSetup } from './platform/watch-setup';
import { closeAll, runProcess } from './run-process';
import { setupChecks } from './setup-checks';

/** The process of the Kafka consumers. It waits for Kafka and PostgreSQL, at the start and later. */
void runProcess('consumer', async ({ config, logger, fail, stopping }) => {
  await assertPooledSettings({ ...config.database, logger, fail, signal: stopping });
  const database = connectDatabase({ ...config.database, applicationName: 'paysaga-consumer', logger });
  await followDatabaseClock({ database, logger, signal: stopping });
  const kafka = connectKafka({ config: config.kafka, logger });
  const faults = createFaults({ database, enabled: config.faultInjection, logger });
  const notifications = { url: config.database.directUrl, applicationName: 'paysaga-consumer-notifications', logger };
  const notifier = createNotifier(notifications);
  const mediator = createApplication({ database, logger, notifier });

  const metrics = createMetrics();
  const kafkaHealth = createKafkaHealth(kafka);
  const setup = watchSetup({
    checks: {
      database: () => setupChecks.database({ database }),
      topics: () => setupChecks.topics({ kafka: kafkaHealth }),
    },
    logger,
    signal: stopping,
  });
  const readiness = createReadiness(setup);
  const metricsServer = await startMetricsServer({
    ...config.metrics,
    ...(config.instanceId !== undefined && { instanceId: config.instanceId }),
    metrics,
    logger,
    missing: readiness.missing,
  });
  await setup.until('database', 'topics');
  const consumerMetrics = createConsumerMetrics(metrics);

  // Each group has one connection for its dead letters. The groups share the others.
  const { poolSize } = config.database;
  const partitionsAtOnce = Math.min(3, Math.max(1, Math.floor(poolSize / consumers.length) - 1));

  const running = consumers.map((definition) =>
    startConsumer({
      kafka,
      mediator,
      registry: eventRegistry,
      database,
      faults,
      definition,
      partitionsAtOnce,
      metrics: consumerMetrics,
      config: config.consumer,
      logger,
      onFatal: fail,
    }),
  );
  readiness.begin();
  logger.info({ groups: consumers.map(({ group }) => group) }, 'consumer.running');

  return async function stop() {
    await Promise.all(running.map((consumer) => consumer.stop()));
    await closeAll([metricsServer.close(), kafkaHealth.close(), notifier.close(), database.$disconnect()]);
  };
});
