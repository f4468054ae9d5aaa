import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { createApiKey, createAuthenticate } from '../../src/http/api-keys';
import { connectDatabase, type Database } from '../../src/platform/database/database';
import { createLogger } from '../../src/platform/telemetry/logger';
import { readJson, writeJson } from '../os/json-file';

/** What the local stack keeps from one start to the next, so that scripts and shells go on working. */
export interface Secrets {
  /** As Standard Webhooks writes it: `whsec_` and base64. */
  readonly webhook_secret: string;
  readonly api_keys: ApiKeys;
}

export interface ApiKeys {
  readonly operator: string;
  readonly service: string;
  readonly customer: { readonly key: string; readonly customer_id: string };
}

/** The customer whom the local customer key belongs to. */
const CUSTOMER_ID = 'cus_demo';

/**
 * The secrets of this folder, made on the first start; the keys are made again when the database does
 * not know them (it is another one, or was emptied).
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

/** A new one, as Standard Webhooks writes it. */
export const newWebhookSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;

/** @returns the keys that are known already if the database takes all of them, else new ones */
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
