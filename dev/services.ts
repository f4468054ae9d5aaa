import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { runCommand } from './command';
import { startServices } from './services/start-services';
import { findTemporalTestServer } from './services/temporal';

/**
 * Runs `node dist/dev/services.js [FOLDER]`: PostgreSQL, Kafka and Temporal alone, until Ctrl-C. Their addresses are in
 * `FOLDER/env` for `source`.
 */
void runCommand(async ({ args, log, teardown, untilStopped }) => {
  const dataDir = resolve(args[0] ?? '.paysaga/services');
  const services = await startServices({ dataDir, log, teardown });
  const env = {
    DATABASE_URL: services.databaseUrl,
    KAFKA_BROKERS: services.kafkaBrokers,
    TEMPORAL_ADDRESS: services.temporalAddress,
    TEMPORAL_UI_URL: services.temporalUiUrl ?? '',
    TEMPORAL_TEST_SERVER: await findTemporalTestServer(log),
  };
  const lines = Object.entries(env).map(([key, value]) => `export ${key}='${value}'\n`);
  writeFileSync(join(dataDir, 'env'), lines.join(''));
  lines.forEach((line) => log(line.trim()));
  return untilStopped();
});
