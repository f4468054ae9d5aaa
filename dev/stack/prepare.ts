import { loadConfig } from '../../src/config';
import { setUpDatabase, setUpSchedules, setUpTemporal, setUpTopics } from '../../src/setup';
import { seedCatalogue } from '../seed';
import { processEnvironment } from './process-environment';
import { createProcessUsers, type ProcessUrls } from './process-users';
import type { ServiceAddresses } from './stack';

/**
 * Makes services ready for the three processes: what `paysaga setup` does, the development catalogue, and a database user
 * for each process. Does only what is missing.
 *
 * @returns the database as each process connects to it, where the roles of the processes could be made
 * @param env over the local settings, as the processes will get it
 */
export async function prepare(
  services: ServiceAddresses,
  env: NodeJS.ProcessEnv = {},
): Promise<ProcessUrls | undefined> {
  const config = loadConfig(processEnvironment(services, env));
  const silent = (): void => undefined;
  const [databaseUrls] = await Promise.all([
    prepareDatabase(services.databaseUrl),
    setUpTopics(config.kafka, silent),
    setUpTemporal(config.temporal, silent).then(() => setUpSchedules(config.temporal, config, silent)),
  ]);
  return databaseUrls;
}

async function prepareDatabase(databaseUrl: string): Promise<ProcessUrls | undefined> {
  const { roles } = await setUpDatabase({ directUrl: databaseUrl, pooled: false }, () => undefined);
  await seedCatalogue(databaseUrl);
  return roles ? createProcessUsers(databaseUrl) : undefined;
}
