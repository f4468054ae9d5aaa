import { countDeadLetters, type DeadLetterCounts } from './dead-letters/metrics';
import type { HealthChecks, HealthFinding } from './health';
import type { KafkaHealth } from './kafka/client';
import { readStalledConsumers, type StalledConsumer } from './kafka/stalls';
import type { OutboxLagConfig } from './outbox/outbox-config';
import { type OpenCircuit, readOpenCircuits } from './platform/circuit-reports';
import type { Database } from './platform/database/database';
import { sqlState, sqlStates } from './platform/database/database-error';
import type { Queryable } from './platform/database/statements';
import type { TemporalClient } from './platform/temporal/temporal';
import type { SetupWatch } from './platform/watch-setup';
import { countOpenSagas, type OpenSagas } from './sagas/queries';
import { NO_WORKER } from './sagas/view';

/** The lag of the outbox. */
export interface OutboxLag {
  /** The age of the oldest unpublished event; 0 if there is none. Replays do not count. */
  readonly oldestSeconds: number;
  /** The number of dead letters. */
  readonly parked: number;
}

/**
 * Reads the lag with two index look-ups, independent of the backlog. With `num_nonnulls` Postgres expects to find a row
 * soon, so it walks the primary key instead of sorting the backlog.
 */
export async function readOutboxLag(database: Queryable): Promise<OutboxLag> {
  const [row] = await database.$queryRawUnsafe<{ oldest: number | null; parked: number }[]>(
    `SELECT (SELECT extract(epoch FROM now() - occurred_at)::float8 FROM event WHERE event_id = (
               SELECT event_id FROM outbox WHERE num_nonnulls(parked_at, replay_id) < 1 ORDER BY id LIMIT 1)) AS oldest,
            (SELECT count(*)::int FROM outbox WHERE parked_at IS NOT NULL) AS parked`,
  );
  return { oldestSeconds: Math.max(0, Math.round(row?.oldest ?? 0)), parked: row?.parked ?? 0 };
}

const DEADLINE_MS = 1_000;
/** The most stalls in the detail. A table that refuses writes stalls every partition. */
const STALLS_NAMED = 3;

/** The dependencies of {@link createHealthChecks}. */
export interface HealthCheckDeps {
  readonly database: Database;
  readonly kafka: KafkaHealth;
  readonly temporal: TemporalClient;
  readonly outboxLag: OutboxLagConfig;
  /** Checks whether `paysaga setup` has work to do. */
  readonly setup: Pick<SetupWatch<'database' | 'topics' | 'temporal'>, 'assert'>;
}

/** Creates the health checks of the service. */
export const createHealthChecks = ({ database, kafka, temporal, outboxLag, setup }: HealthCheckDeps): HealthChecks => ({
  database: {
    essential: true,
    ask: async () => {
      await setup.assert('database');
      return tryToWrite(database);
    },
  },
  broker: {
    essential: false,
    ask: async () => {
      await setup.assert('topics');
      await kafka.describe(DEADLINE_MS);
    },
  },
  temporal: {
    essential: false,
    ask: async () => {
      await setup.assert('temporal');
      await temporal.ping(DEADLINE_MS);
    },
  },
  outbox_lag: {
    essential: false,
    elsewhere: true,
    ask: async () => {
      if (!outboxLag.checked) return { status: 'healthy', detail: 'not checked (OUTBOX_ENABLE_HEALTH_CHECK)' };
      return judgeOutboxLag(await readOutboxLag(database), outboxLag);
    },
  },
  dead_letters: {
    essential: false,
    elsewhere: true,
    ask: async () => judgeDeadLetters(await countDeadLetters(database)),
  },
  consumers: {
    essential: false,
    elsewhere: true,
    ask: async () => judgeConsumers(await readStalledConsumers(database)),
  },
  sagas: {
    essential: false,
    elsewhere: true,
    ask: async () => judgeSagas(await countOpenSagas(database)),
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

/** Checks that the database accepts writes, by a write without rows. */
async function tryToWrite(database: Database): Promise<HealthFinding> {
  try {
    await database.$executeRawUnsafe('INSERT INTO idempotency_key SELECT * FROM idempotency_key WHERE false');
    return { status: 'healthy' };
  } catch (error) {
    if (sqlState(error) !== sqlStates.readOnly) throw error;
    return { status: 'unhealthy', detail: 'the database is read-only: nothing can be written' };
  }
}

/** Judges open circuits. At worst degraded, because sagas wait for the external system and continue afterwards. */
export function judgeCircuits(circuits: readonly OpenCircuit[]): HealthFinding {
  if (circuits.length === 0) return { status: 'healthy' };
  const open = circuits.map(({ name, workers }) => `${name} (${workers} worker${workers === 1 ? '' : 's'})`);
  return { status: 'degraded', detail: `circuit open: ${open.join(', ')}` };
}

/**
 * Judges the dead letters of consumers. At worst degraded: they wait for an operator, and later messages of their keys
 * wait too.
 */
export function judgeDeadLetters({ dead, queued }: DeadLetterCounts): HealthFinding {
  if (dead === 0) return { status: 'healthy' };
  const waiting = `${dead} consumed messages could not be applied, ${queued} wait behind them`;
  return { status: 'degraded', detail: `${waiting}: see \`paysaga dead-letters ls\`` };
}

/** Judges stalled consumers. At worst degraded, because their messages stay in Kafka for the topic's retention. */
export function judgeConsumers(stalled: readonly StalledConsumer[]): HealthFinding {
  if (stalled.length === 0) return { status: 'healthy' };
  const named = stalled.slice(0, STALLS_NAMED).map(({ consumer_group, place, reason }) => {
    return `${consumer_group}${place && ` at ${place}`}: ${reason}`;
  });
  const more = stalled.length - named.length;
  return { status: 'degraded', detail: `stalled: ${named.join('; ')}${more > 0 ? `; and ${more} more` : ''}` };
}

/** Judges sagas without progress. At worst degraded, because their state is stored and orders are still accepted. */
export function judgeSagas({ stuck, lost, unstarted, unstarted_reason, standing }: OpenSagas): HealthFinding {
  const why = unstarted_reason ?? NO_WORKER;
  const details = [
    ...(unstarted > 0 ? [`${unstarted} not started (\`paysaga sagas ls --state pending\`): ${why}`] : []),
    ...(lost > 0 ? [`${lost} lost their workflow and restart`] : []),
    ...(standing > 0 ? [`${standing} without progress for 60 s`] : []),
    ...(stuck > 0 ? [`${stuck} stuck: see \`paysaga sagas ls --state stuck\``] : []),
  ];
  return details.length === 0 ? { status: 'healthy' } : { status: 'degraded', detail: details.join('; ') };
}

/** Judges the lag of the outbox by the thresholds. Dead letters make it degraded, never unhealthy. */
export function judgeOutboxLag(lag: OutboxLag, thresholds: Omit<OutboxLagConfig, 'checked'>): HealthFinding {
  const { oldestSeconds, parked } = lag;
  const detail = `oldest unpublished event ${oldestSeconds} s, dead letters: ${parked}`;
  if (oldestSeconds > thresholds.unhealthySeconds) return { status: 'unhealthy', detail };
  return { status: oldestSeconds > thresholds.degradedSeconds || parked > 0 ? 'degraded' : 'healthy', detail };
}
