import { createApplication } from '../src/application';
import { putDemoCatalogue } from '../src/inventory/demo-catalogue';
import { connectDatabase } from '../src/platform/database/database';
import { createLogger } from '../src/platform/telemetry/logger';

/** Puts the demo catalogue into a migrated database, by commands as an operator does. */
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
