import { readFileSync } from 'node:fs';
import { type Config, loadConfig } from '../config';

export interface CliConfig extends Config {
  readonly processesArePooled: boolean;
}

/** The environment, completed by the running local stack. A command needs no pooler. @throws ConfigError */
export function configure(): CliConfig {
  const config = loadConfig({ ...localStack(), ...process.env });
  const database = { ...config.database, url: config.database.directUrl, pooled: false, preparedStatements: true };
  return { ...config, database, processesArePooled: config.database.pooled };
}

function localStack(): Record<string, string> {
  try {
    const stack = JSON.parse(readFileSync('.paysaga/stack.json', 'utf8')) as Record<string, string>;
    return {
      DATABASE_URL: stack['database_url'] ?? '',
      KAFKA_BROKERS: stack['kafka_brokers'] ?? '',
      TEMPORAL_ADDRESS: stack['temporal_address'] ?? '',
      KAFKA_REPLICATION: '1',
    };
  } catch {
    return {};
  }
}
