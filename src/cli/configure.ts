import { readFileSync } from 'node:fs';
import { type Config, loadConfig } from '../config';

/** The environment, completed by the running local stack. @throws ConfigError */
export function configure(): Config {
  return loadConfig({ ...localStack(), ...process.env });
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
