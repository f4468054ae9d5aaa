import { readFileSync } from 'node:fs';
import {
  type Config,
  loadConfig,
  loadDatabaseConfig,
  loadKafkaConfig,
  loadKeyConfig,
  loadScheduleConfig,
  loadTemporalConfig,
} from '../config';
import type { KafkaConfig } from '../kafka/kafka-config';
import type { KeyConfig } from '../keys/key-config';
import type { DatabaseConfig } from '../platform/database/database-config';
import type { TemporalConfig } from '../platform/temporal/temporal-config';
import type { ScheduleConfig } from '../schedules';

/** Reads the environment, completed by the running local stack. Commands connect past a pooler. @throws ConfigError */
export function configure(): Config {
  const config = loadConfig(variables());
  return { ...config, database: direct(config.database) };
}

/** Reads the database's settings for a command that needs nothing else, past a pooler. @throws ConfigError */
export const configureDirectDatabase = (): DatabaseConfig => direct(configureDatabase());

const direct = (database: DatabaseConfig): DatabaseConfig => ({
  ...database,
  url: database.directUrl,
  pooled: false,
  preparedStatements: true,
});

/** Reads the database's settings as the processes do. @throws ConfigError */
export const configureDatabase = (): DatabaseConfig => loadDatabaseConfig(variables());
/** Reads Kafka's settings. @throws ConfigError */
export const configureKafka = (): KafkaConfig => loadKafkaConfig(variables());
/** Reads Temporal's settings. @throws ConfigError */
export const configureTemporal = (): TemporalConfig => loadTemporalConfig(variables());
/** Reads the settings of API keys. @throws ConfigError */
export const configureKeys = (): KeyConfig => loadKeyConfig(variables());
/** Reads the intervals of the Schedules. @throws ConfigError */
export const configureSchedules = (): ScheduleConfig => loadScheduleConfig(variables());

const variables = (): Record<string, string | undefined> => ({ ...localStack(), ...process.env });

function localStack(): Record<string, string> {
  try {
    const stack = JSON.parse(readFileSync('.paysaga/stack.json', 'utf8')) as Record<string, string>;
    return {
      DATABASE_URL: stack['database_url'] ?? '',
      KAFKA_BROKERS: stack['kafka_brokers'] ?? '',
      TEMPORAL_ADDRESS: stack['temporal_address'] ?? '',
      ...(stack['temporal_ui_url'] && { TEMPORAL_UI_URL: stack['temporal_ui_url'] }),
      KAFKA_PARTITIONS: '6',
      KAFKA_REPLICATION: '1',
      RECONCILIATION_INTERVAL_MS: '60000',
    };
  } catch {
    return {};
  }
}
