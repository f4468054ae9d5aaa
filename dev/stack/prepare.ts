import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { createApplication } from '../../src/application';
import { loadConfig } from '../../src/config';
import { createApiKey, createAuthenticate } from '../../src/http/api-keys';
import { putDemoCatalogue } from '../../src/inventory/demo-catalogue';
import { connectDatabase, type Database } from '../../src/platform/database/database';
import { createLogger } from '../../src/platform/logger';
import { setUpDatabase, setUpSchedules, setUpTemporal, setUpTopics } from '../../src/setup';
import type { ApiKeys } from '../../testing/api-client';
import { readJson, writeJson } from '../os/files';
import type { ServiceAddresses } from '../services/start-services';
import { createProcessUsers, processEnvironment, type ProcessUrls } from './process-environment';

/**
 * Prepares services for the three processes: what `paysaga setup` does, the development catalogue, and a database user
 * for each process. Creates only what is missing.
 *
 * @param env overrides the local settings, as it does for the processes
 * @returns the URLs with which the processes connect, if their roles could be created
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

/** Puts the demo catalogue into a migrated database, by commands of an operator. */
export async function seedCatalogue(databaseUrl: string): Promise<void> {
  const logger = createLogger({ name: 'dev', level: 'silent', pretty: false });
  const database = connectDatabase({ url: databaseUrl, applicationName: 'paysaga-dev', logger });
  try {
    const { send } = createApplication({ database, logger });
    await putDemoCatalogue((message) => send(message, { principal: { role: 'operator', keyId: 'dev/seed' } }));
  } finally {
    await database.$disconnect();
  }
}

/** The secrets of the local stack, which stay the same between starts, for the sake of scripts and shells. */
export interface Secrets {
  /** The secret in the form of Standard Webhooks: `whsec_` and base64. */
  readonly webhook_secret: string;
  readonly api_keys: ApiKeys;
}

/** The customer of the local customer key. */
const CUSTOMER_ID = 'cus_demo';

/**
 * Returns the secrets of this folder, creating them on the first start. The keys are created again if the database does
 * not know them, because it is new or was emptied.
 */
export async function ensureSecrets(dataDir: string, databaseUrl: string): Promise<Secrets> {
  const file = join(dataDir, 'secrets.json');
  const known = readJson<Secrets>(file);
  const secrets = {
    webhook_secret: known?.webhook_secret ?? newWebhookSecret(),
    api_keys: await ensureApiKeys(databaseUrl, known?.api_keys),
  };
  writeJson(file, secrets);
  return secrets;
}

/** Returns a new secret in the form of Standard Webhooks. */
export const newWebhookSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;

/** Returns the known keys if the database accepts all of them, otherwise new ones. */
export async function ensureApiKeys(databaseUrl: string, known?: ApiKeys): Promise<ApiKeys> {
  const logger = createLogger({ name: 'stack', level: 'warn', pretty: false });
  const database = connectDatabase({ url: databaseUrl, applicationName: 'paysaga-stack', logger });
  try {
    return known && (await areValid(database, known)) ? known : await makeApiKeys(database);
  } finally {
    await database.$disconnect();
  }
}

async function areValid(database: Database, { operator, service, customer }: ApiKeys): Promise<boolean> {
  const authenticate = createAuthenticate(database);
  const principals = await Promise.all([operator, service, customer.key].map(authenticate));
  return principals.every((principal) => principal !== undefined);
}

async function makeApiKeys(database: Database): Promise<ApiKeys> {
  const [operator, service, customer] = await Promise.all([
    createApiKey(database, { role: 'operator' }),
    createApiKey(database, { role: 'service' }),
    createApiKey(database, { role: 'customer', customerId: CUSTOMER_ID }),
  ]);
  return {
    operator: operator.key,
    service: service.key,
    customer: { key: customer.key, customer_id: CUSTOMER_ID },
  };
}
