import { eventRegistry } from '../../src/application';
import { loadConfig } from '../../src/config';
import { connectKafka } from '../../src/messaging/kafka';
import { createTopics } from '../../src/messaging/topics';
import { createLogger } from '../../src/platform/telemetry/logger';
import { applyMigrations } from '../../src/platform/database/migrate';
import { seedCatalogue } from '../seed';
import { processEnvironment } from './process-environment';
import { createProcessUsers, type ProcessUrls } from './process-users';
import type { ServiceAddresses } from './stack';
import { createNamespace } from './temporal';

/**
 * Makes services ready for the three processes: migrations, development catalogue, topics, and the
 * Temporal namespace with its search attributes. Does only what is missing.
 *
 * @returns the database as each process connects to it, where the roles of the processes could be made
 * @param env over the local settings, as the processes will get it
 */
export async function prepare(
  services: ServiceAddresses,
  env: NodeJS.ProcessEnv = {},
): Promise<ProcessUrls | undefined> {
  const environment = processEnvironment(services, env);
  const [databaseUrls] = await Promise.all([
    prepareDatabase(services.databaseUrl),
    prepareTopics(environment),
    createNamespace({
      address: services.temporalAddress,
      namespace: environment.TEMPORAL_NAMESPACE ?? 'default',
    }),
  ]);
  return databaseUrls;
}

async function prepareDatabase(databaseUrl: string): Promise<ProcessUrls | undefined> {
  await applyMigrations({ databaseUrl });
  await seedCatalogue(databaseUrl);
  return createProcessUsers(databaseUrl);
}

async function prepareTopics(environment: NodeJS.ProcessEnv): Promise<void> {
  const config = loadConfig(environment);
  const logger = createLogger({ name: 'stack', level: 'warn', pretty: false });
  const kafka = connectKafka({ config: config.kafka, logger });
  await createTopics({ kafka, topics: eventRegistry.topics, config: config.kafka.topics, logger });
}
