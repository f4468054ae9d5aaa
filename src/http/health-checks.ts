import type { KafkaHealth } from '../messaging/describe-kafka';
import { readOutboxLag } from '../outbox/outbox-lag.sql';
import type { Database } from '../platform/database';
import type { TemporalClient } from '../platform/temporal';
import type { HealthChecks } from './health';

const DEADLINE_MS = 1_000;
/** How old the oldest unpublished event may be before people should look. */
const LAG_DEGRADED_SECONDS = 60;

export interface HealthCheckDeps {
  readonly database: Database;
  readonly kafka: KafkaHealth;
  readonly temporal: TemporalClient;
}

export const createHealthChecks = ({ database, kafka, temporal }: HealthCheckDeps): HealthChecks => ({
  database: {
    essential: true,
    ask: async () => {
      await database.$queryRawUnsafe('SELECT 1');
    },
  },
  broker: {
    essential: false,
    ask: async () => {
      await kafka.describe(DEADLINE_MS);
    },
  },
  temporal: { essential: false, ask: () => temporal.ping(DEADLINE_MS) },
  outbox_lag: {
    essential: false,
    ask: async () => {
      const { oldestSeconds, parked } = await readOutboxLag(database);
      const late = oldestSeconds > LAG_DEGRADED_SECONDS;
      const detail = `oldest unpublished event ${oldestSeconds} s, ${parked} parked`;
      return { status: late || parked > 0 ? 'degraded' : 'healthy', detail };
    },
  },
});
