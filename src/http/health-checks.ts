import type { OutboxLagConfig } from '../config';
import type { KafkaHealth } from '../messaging/describe-kafka';
import { type OutboxLag, readOutboxLag } from '../outbox/outbox-lag.sql';
import { type OpenCircuit, readOpenCircuits } from '../platform/circuit/open-circuits.sql';
import type { Database } from '../platform/database/database';
import { sqlState, sqlStates } from '../platform/database/database-error';
import type { TemporalClient } from '../platform/temporal/temporal';
import type { HealthChecks, HealthFinding } from './health';

const DEADLINE_MS = 1_000;

export interface HealthCheckDeps {
  readonly database: Database;
  readonly kafka: KafkaHealth;
  readonly temporal: TemporalClient;
  readonly outboxLag: OutboxLagConfig;
}

export const createHealthChecks = ({ database, kafka, temporal, outboxLag }: HealthCheckDeps): HealthChecks => ({
  database: {
    essential: true,
    ask: () => tryToWrite(database),
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
    elsewhere: true,
    ask: async () => {
      if (!outboxLag.checked) return { status: 'healthy', detail: 'not checked (OUTBOX_ENABLE_HEALTH_CHECK)' };
      return judgeOutboxLag(await readOutboxLag(database), outboxLag);
    },
  },
  payment_provider: {
    essential: false,
    advisory: true,
    ask: async () => judgeCircuits(await readOpenCircuits(database, 'payment_provider')),
  },
  carrier: {
    essential: false,
    advisory: true,
    ask: async () => judgeCircuits(await readOpenCircuits(database, 'carrier')),
  },
});

/** A write that changes nothing: a database that only reads takes no orders. */
async function tryToWrite(database: Database): Promise<HealthFinding> {
  try {
    await database.$executeRawUnsafe('INSERT INTO inbox SELECT * FROM inbox WHERE false');
    return { status: 'healthy' };
  } catch (error) {
    if (sqlState(error) !== sqlStates.readOnly) throw error;
    return { status: 'unhealthy', detail: 'the database is read-only: nothing can be written' };
  }
}

/** Orders are taken while a party is away, and what waits for it goes on when it is back. */
export function judgeCircuits(circuits: readonly OpenCircuit[]): HealthFinding {
  if (circuits.length === 0) return { status: 'healthy' };
  const told = circuits.map(({ name, workers }) => `${name} (${workers} worker${workers === 1 ? '' : 's'})`);
  return { status: 'degraded', detail: `circuit open: ${told.join(', ')}` };
}

/** Parked rows need an operator, however few they are; they never make it worse than degraded. */
export function judgeOutboxLag(lag: OutboxLag, thresholds: Omit<OutboxLagConfig, 'checked'>): HealthFinding {
  const { oldestSeconds, parked } = lag;
  const detail = `oldest unpublished event ${oldestSeconds} s, ${parked} parked`;
  if (oldestSeconds > thresholds.unhealthySeconds) return { status: 'unhealthy', detail };
  return { status: oldestSeconds > thresholds.degradedSeconds || parked > 0 ? 'degraded' : 'healthy', detail };
}
