import { z } from 'zod';
import { httpConfig, httpVariables, NODE_ENV } from './http/server';
import { consumerConfig, consumerVariables } from './kafka/consumer-config';
import { checkKafka, type KafkaConfig, kafkaConfig, kafkaVariables } from './kafka/kafka-config';
import { type KeyConfig, keyConfig, keyVariables } from './keys/key-config';
import { checkOutbox, outboxConfig, outboxVariables } from './outbox/outbox-config';
import { checkPayments, paymentsConfig, paymentsVariables } from './payments/payments-config';
import { flag } from './platform/config-values';
import {
  checkDatabase,
  type DatabaseConfig,
  databaseConfig,
  databaseVariables,
} from './platform/database/database-config';
import { type TemporalConfig, temporalConfig } from './platform/temporal/temporal-config';
import { intervalVariables, type ScheduleConfig, scheduleConfig, scheduleVariables } from './schedules';

/**
 * Every environment variable that the service reads itself, by part. Temporal's variables are read as Temporal's own
 * tools read them.
 */
export const variables = {
  'All processes, and the API’s server': httpVariables,
  PostgreSQL: databaseVariables,
  Kafka: kafkaVariables,
  Outbox: outboxVariables,
  Consumers: consumerVariables,
  'Payments and shipments': paymentsVariables,
  'Sagas and schedules': scheduleVariables,
  'API keys': keyVariables,
  Others: {
    TEMPORAL_UI_URL: z.url().optional().describe('The address of Temporal’s Web UI, for links to workflows.'),
    PAYSAGA_DEMO: flag
      .default(false)
      .describe('`paysaga setup` creates the demo catalogue and an operator’s first key. For trials only.'),
    FAULT_INJECTION: flag
      .default(false)
      .describe('Enables fault points and `/dev/faults`. It is refused in production.'),
  },
};

const environment = z
  .object({
    ...httpVariables,
    ...databaseVariables,
    ...kafkaVariables,
    ...outboxVariables,
    ...consumerVariables,
    ...paymentsVariables,
    ...scheduleVariables,
    ...keyVariables,
    ...variables.Others,
  })
  .check(({ value, issues }) => {
    const complain = (name: string, message: string) =>
      issues.push({ code: 'custom', path: [name], message, input: value });
    checkDatabase(value, complain);
    checkKafka(value, complain);
    checkOutbox(value, complain);
    checkPayments(value, complain);
    if (value.FAULT_INJECTION && value.NODE_ENV === 'production') {
      complain('FAULT_INJECTION', 'is never allowed when NODE_ENV is production (its default)');
    }
  });

/** The configuration of all processes. */
export type Config = ReturnType<typeof loadConfig>;

/** Lists every error of the configuration. The entry points print it and exit with 2. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(readonly problems: readonly string[]) {
    super(`The configuration is wrong:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
  }
}

type Variables = Record<string, string | undefined>;

/**
 * Reads the whole configuration, before any connection. Defaults to the environment of the process. TEMPORAL_ADDRESS,
 * TEMPORAL_NAMESPACE, TLS and API key are read as Temporal's own tools read them
 * (https://docs.temporal.io/develop/environment-configuration).
 *
 * @throws ConfigError naming each variable that is missing or wrong
 */
export function loadConfig(variables: Variables = process.env) {
  const set = given(variables);
  const parsed = environment.safeParse(set);
  const { temporal, problem } = temporalConfig(set);
  if (!parsed.success || !temporal) throw new ConfigError([...problemsOf(parsed, set), ...(problem ? [problem] : [])]);
  const env = parsed.data;
  const schedules = scheduleConfig(env);

  return {
    production: env.NODE_ENV === 'production',
    log: { level: env.LOG_LEVEL, pretty: env.LOG_PRETTY },
    database: databaseConfig(env),
    http: httpConfig(env),
    metrics: { host: env.HOST, ...(env.METRICS_PORT !== undefined && { port: env.METRICS_PORT }) },
    ...(env.PAYSAGA_INSTANCE_ID !== undefined && { instanceId: env.PAYSAGA_INSTANCE_ID }),
    shutdownGraceMs: env.SHUTDOWN_GRACE_MS,
    kafka: kafkaConfig(env),
    temporal: { ...temporal, ...(env.TEMPORAL_UI_URL && { uiUrl: env.TEMPORAL_UI_URL }) },
    ...outboxConfig(env),
    consumer: consumerConfig(env),
    ...paymentsConfig(env),
    unpaidOrders: { timeout: env.ORDER_PAYMENT_TIMEOUT, ...schedules.unpaidOrders },
    reconciliation: {
      ...schedules.reconciliation,
      window: env.RECONCILIATION_WINDOW,
      grace: env.RECONCILIATION_GRACE,
    },
    retention: schedules.retention,
    saga: { compensationMaxIntervalMs: env.COMPENSATION_MAX_INTERVAL_MS },
    keys: keyConfig(env),
    demo: env.PAYSAGA_DEMO,
    faultInjection: env.FAULT_INJECTION,
  };
}

const parts = {
  database: z.object({ NODE_ENV, ...databaseVariables }).check(({ value, issues }) => {
    checkDatabase(value, (name, message) => issues.push({ code: 'custom', path: [name], message, input: value }));
  }),
  kafka: z.object(kafkaVariables).check(({ value, issues }) => {
    checkKafka(value, (name, message) => issues.push({ code: 'custom', path: [name], message, input: value }));
  }),
  schedules: z.object(intervalVariables),
  keys: z.object(keyVariables),
};

/** Reads only the variables of the database. @throws ConfigError */
export const loadDatabaseConfig = (variables: Variables): DatabaseConfig =>
  databaseConfig(readPart(parts.database, variables));

/** Reads only the variables of Kafka. @throws ConfigError */
export const loadKafkaConfig = (variables: Variables): KafkaConfig => kafkaConfig(readPart(parts.kafka, variables));

/** Reads only the intervals of the Schedules. @throws ConfigError */
export const loadScheduleConfig = (variables: Variables): ScheduleConfig =>
  scheduleConfig(readPart(parts.schedules, variables));

/** Reads only the variables of API keys. @throws ConfigError */
export const loadKeyConfig = (variables: Variables): KeyConfig => keyConfig(readPart(parts.keys, variables));

/** Reads only the variables of Temporal. @throws ConfigError */
export function loadTemporalConfig(variables: Variables): TemporalConfig {
  const { temporal, problem } = temporalConfig(given(variables));
  if (!temporal) throw new ConfigError([problem]);
  return temporal;
}

function readPart<Part extends z.ZodType>(part: Part, variables: Variables): z.output<Part> {
  const set = given(variables);
  const parsed = part.safeParse(set);
  if (!parsed.success) throw new ConfigError(problemsOf(parsed, set));
  return parsed.data;
}

/** Returns the variables that have a value. */
const given = (variables: Variables): Record<string, string> =>
  Object.fromEntries(Object.entries(variables).flatMap(([name, value]) => (value ? [[name, value]] : [])));

const problemsOf = ({ error }: z.ZodSafeParseResult<unknown>, set: Record<string, string>): string[] =>
  (error?.issues ?? []).map(({ path, message }) =>
    set[String(path[0])] === undefined ? `${String(path[0])} is not set` : `${path.join('.')} ${message}`,
  );
