import type { ServiceAddresses } from './stack';

/** The name of one of the three processes. */
export type ProcessName = 'api' | 'worker' | 'consumer';

/** The settings of the local stack where they are not the product's own defaults. */
const LOCAL_SETTINGS = {
  NODE_ENV: 'development',
  HOST: '127.0.0.1',
  TEMPORAL_NAMESPACE: 'default',
  FAULT_INJECTION: '1',
  KAFKA_PARTITIONS: '6',
  KAFKA_REPLICATION: '1',
  CONSUMER_SESSION_TIMEOUT_MS: '6000',
  CONSUMER_RETRY_DELAYS_MS: '1000,2000,4000',
  COMPENSATION_MAX_INTERVAL_MS: '1000',
  RECONCILIATION_INTERVAL_MS: '60000',
  RECONCILIATION_GRACE: '30s',
};

/**
 * What all three processes read from their environment: this process's own, over the local settings,
 * and `env` over both. `NODE_ENV` of a shell does not count: production refuses fault injection.
 */
export function processEnvironment(services: ServiceAddresses, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return {
    ...LOCAL_SETTINGS,
    ...(services.temporalUiUrl && { TEMPORAL_UI_URL: services.temporalUiUrl }),
    ...process.env,
    NODE_ENV: LOCAL_SETTINGS.NODE_ENV,
    ...env,
    DATABASE_URL: services.databaseUrl,
    KAFKA_BROKERS: services.kafkaBrokers,
    TEMPORAL_ADDRESS: services.temporalAddress,
  };
}
