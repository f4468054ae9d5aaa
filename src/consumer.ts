import { consumers, createApplication, eventRegistry } from './application';
import { startConsumer } from './messaging/consumer';
import { connectKafka } from './messaging/kafka';
import { createNotifier } from './outbox/wake-up/notifier';
import { connectDatabase } from './platform/database';
import { createFaults } from './platform/faults';
import { runProcess } from './platform/run-process';

/** The process of the Kafka consumers. It waits for Kafka and Postgres, at the start and later. */
void runProcess('consumer', async ({ config, logger, fail }) => {
  const database = connectDatabase({ ...config.database, applicationName: 'paysaga-consumer', logger });
  const kafka = connectKafka({ config: config.kafka, logger });
  const faults = createFaults({ database, enabled: config.faultInjection, logger });
  const hints = { url: config.database.url, applicationName: 'paysaga-consumer-hints', logger };
  const notifier = createNotifier(hints);
  const mediator = createApplication({ database, logger, notifier });

  const running = consumers.map((definition) =>
    startConsumer({
      kafka,
      mediator,
      registry: eventRegistry,
      database,
      faults,
      definition,
      config: config.consumer,
      logger,
      onFatal: fail,
    }),
  );
  logger.info({ groups: consumers.map(({ group }) => group) }, 'consumer.running');

  return async function stop() {
    await Promise.all(running.map((consumer) => consumer.stop()));
    await Promise.all([notifier.close(), database.$disconnect()]);
  };
});
