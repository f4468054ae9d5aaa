import { loadClientConnectConfig } from '@temporalio/envconfig';
import { z } from 'zod';
import { checkDatabase, databaseConfig, databaseVariables } from './database-config';
import { flag, httpUrl, integer, isWebhookSecret, list, namedUrls, trimSlash } from './platform/config-values';
import { duration } from './platform/duration';
import { checkKafka, kafkaConfig, kafkaVariables } from './kafka-config';

const DAY_MS = 86_400_000;

const NODE_ENV = z.enum(['development', 'test', 'production']).default('production');

const scheduleVariables = {
  ORDER_PAYMENT_SWEEP_INTERVAL_MS: integer(1_000, DAY_MS).default(3_600_000),
  RECONCILIATION_INTERVAL_MS: integer(1_000, 7 * DAY_MS).default(3_600_000),
  HOUSEKEEPING_INTERVAL_MS: integer(60_000, DAY_MS).default(3_600_000),
};

const environment = z
  .object({
    NODE_ENV,
    LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
    LOG_PRETTY: flag.default(false),

    ...databaseVariables,

    HOST: z.string().default('0.0.0.0'),
    PORT: integer(0, 65_535).default(3000),
    METRICS_PORT: integer(1, 65_535).optional(),
    HTTP_KEEP_ALIVE_MS: integer(1_000, 3_600_000).default(620_000),
    HTTP_MAX_CONNECTIONS: integer(1, 1_000_000).default(5_000),
    HTTP_MAX_WAITING: integer(0, 1_000_000).default(1_000),
    HTTP_MAX_WAIT_MS: integer(10, 60_000).default(2_000),
    PAYSAGA_INSTANCE_ID: z
      .string()
      .regex(/^[\w.-]{1,64}$/, 'must be 1 to 64 letters, digits, dots, hyphens and underscores')
      .optional(),
    SHUTDOWN_GRACE_MS: integer(0, 600_000).default(10_000),

    ...kafkaVariables,
    ...scheduleVariables,

    TEMPORAL_UI_URL: z.url().optional(),

    OUTBOX_BATCH_SIZE: integer(1, 1000).default(100),
    OUTBOX_POLL_INTERVAL_MS: integer(5, 60_000).default(50),
    OUTBOX_MAX_RETRY_COUNT: integer(0, 100).default(3),
    OUTBOX_RETRY_BACKOFF_MULTIPLIER: z.coerce.number().min(1).max(10).default(2),
    OUTBOX_LANES_PER_RELAY: z
      .enum(['1', '2', '4', '8', '16'], 'must divide the 16 lanes: 1, 2, 4, 8 or 16')
      .default('8')
      .transform(Number),
    OUTBOX_ENABLE_METRICS: flag.default(true),
    OUTBOX_ENABLE_HEALTH_CHECK: flag.default(true),
    OUTBOX_LAG_DEGRADED_SECONDS: integer(1, 86_400).default(60),
    OUTBOX_LAG_UNHEALTHY_SECONDS: integer(1, 604_800).default(900),

    CONSUMER_SESSION_TIMEOUT_MS: integer(6_000, 300_000).default(30_000),
    CONSUMER_RETRY_DELAYS_MS: list
      .pipe(z.array(z.string().transform(Number).pipe(z.int().min(0).max(86_400_000))).max(20))
      .default([1_000, 30_000, 300_000]),

    PAYMENT_PROVIDERS: namedUrls.default([]),
    STRIPE_API_KEY: z
      .string()
      .regex(/^(sk|rk)_/, 'must be a secret or restricted key (sk_…, rk_…)')
      .optional(),
    STRIPE_API_URL: httpUrl.optional(),
    STRIPE_WEBHOOK_SECRET: z
      .string()
      .regex(/^whsec_.+$/, 'must begin with whsec_')
      .optional(),
    PAYMENT_WEBHOOK_SECRET: z
      .string()
      .refine(isWebhookSecret, 'must be whsec_ and at least 24 bytes in base64')
      .optional(),
    CARRIER_URL: httpUrl.transform(trimSlash).optional(),
    PROVIDER_TIMEOUT_MS: integer(100, 4_500).default(3_000),

    ORDER_PAYMENT_TIMEOUT: duration(1_000, 10 * 365 * DAY_MS).default({ text: '30 days', ms: 30 * DAY_MS }),
    RECONCILIATION_WINDOW: duration(3_600_000, 10 * 365 * DAY_MS).default({ text: '90 days', ms: 90 * DAY_MS }),
    RECONCILIATION_GRACE: duration(0, DAY_MS).default({ text: '10 minutes', ms: 600_000 }),
    COMPENSATION_MAX_INTERVAL_MS: integer(200, 3_600_000).default(5_000),
    FAULT_INJECTION: flag.default(false),
  })
  .check(({ value, issues }) => {
    const complain = (name: string, message: string) =>
      issues.push({ code: 'custom', path: [name], message, input: value });
    checkDatabase(value, complain);
    checkKafka(value, complain);
    if (value.OUTBOX_LAG_UNHEALTHY_SECONDS < value.OUTBOX_LAG_DEGRADED_SECONDS) {
      complain('OUTBOX_LAG_UNHEALTHY_SECONDS', 'is less than OUTBOX_LAG_DEGRADED_SECONDS');
    }
    const names = value.PAYMENT_PROVIDERS.map(({ name }) => name);
    if (new Set(names).size < names.length) complain('PAYMENT_PROVIDERS', 'names two providers the same');
    if (names.includes('stripe')) complain('PAYMENT_PROVIDERS', 'cannot name one stripe: that is STRIPE_API_KEY');
    if (value.STRIPE_API_URL !== undefined && value.STRIPE_API_KEY === undefined) {
      complain('STRIPE_API_URL', 'needs STRIPE_API_KEY');
    }
    if (value.FAULT_INJECTION && value.NODE_ENV === 'production') {
      complain('FAULT_INJECTION', 'is never allowed when NODE_ENV is production (its default)');
    }
  });

export type Config = ReturnType<typeof loadConfig>;
export type DatabaseConfig = Config['database'];
export type KafkaConfig = Config['kafka'];
export type TemporalConfig = Config['temporal'];
export type ScheduleConfig = ReturnType<typeof scheduleConfig>;
export type OutboxConfig = Config['outbox'];
export type OutboxLagConfig = Config['outboxLag'];
export type PaymentsConfig = Config['payments'];
export type CarrierConfig = Config['carrier'];

/** Every error of the configuration at once. The entry points print it and exit with 2. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(readonly problems: readonly string[]) {
    super(`The configuration is wrong:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
  }
}

type Variables = Record<string, string | undefined>;

/**
 * Reads the whole configuration, before any connection. TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TLS and
 * API key are read as Temporal's own tools read them (https://docs.temporal.io/develop/environment-configuration).
 *
 * @throws ConfigError naming each variable that is missing or wrong
 */
export function loadConfig(variables: Variables = process.env) {
  const set = given(variables);
  const parsed = environment.safeParse(set);
  const { temporal, problem } = readTemporal(set);
  if (!parsed.success || !temporal) throw new ConfigError([...problemsOf(parsed, set), ...(problem ? [problem] : [])]);
  const env = parsed.data;
  const schedules = scheduleConfig(env);

  return {
    production: env.NODE_ENV === 'production',
    log: { level: env.LOG_LEVEL, pretty: env.LOG_PRETTY },
    database: databaseConfig(env),
    http: {
      host: env.HOST,
      port: env.PORT,
      keepAliveMs: env.HTTP_KEEP_ALIVE_MS,
      maxConnections: env.HTTP_MAX_CONNECTIONS,
      maxWaiting: env.HTTP_MAX_WAITING,
      maxWaitMs: env.HTTP_MAX_WAIT_MS,
    },
    metrics: { host: env.HOST, ...(env.METRICS_PORT !== undefined && { port: env.METRICS_PORT }) },
    ...(env.PAYSAGA_INSTANCE_ID !== undefined && { instanceId: env.PAYSAGA_INSTANCE_ID }),
    shutdownGraceMs: env.SHUTDOWN_GRACE_MS,
    kafka: kafkaConfig(env),
    temporal: { ...temporal, ...(env.TEMPORAL_UI_URL && { uiUrl: env.TEMPORAL_UI_URL }) },
    outbox: {
      batchSize: env.OUTBOX_BATCH_SIZE,
      pollIntervalMs: env.OUTBOX_POLL_INTERVAL_MS,
      maxRetryCount: env.OUTBOX_MAX_RETRY_COUNT,
      retryBackoffMultiplier: env.OUTBOX_RETRY_BACKOFF_MULTIPLIER,
      lanesPerRelay: env.OUTBOX_LANES_PER_RELAY,
    },
    outboxMetrics: env.OUTBOX_ENABLE_METRICS,
    outboxLag: {
      checked: env.OUTBOX_ENABLE_HEALTH_CHECK,
      degradedSeconds: env.OUTBOX_LAG_DEGRADED_SECONDS,
      unhealthySeconds: env.OUTBOX_LAG_UNHEALTHY_SECONDS,
    },
    consumer: { sessionTimeoutMs: env.CONSUMER_SESSION_TIMEOUT_MS, retryDelaysMs: env.CONSUMER_RETRY_DELAYS_MS },
    payments: {
      providers: env.PAYMENT_PROVIDERS,
      ...(env.STRIPE_API_KEY !== undefined && {
        stripe: {
          apiKey: env.STRIPE_API_KEY,
          ...(env.STRIPE_API_URL !== undefined && { apiUrl: env.STRIPE_API_URL }),
        },
      }),
    },
    carrier: { ...(env.CARRIER_URL !== undefined && { url: env.CARRIER_URL }) },
    providerTimeoutMs: env.PROVIDER_TIMEOUT_MS,
    webhooks: {
      ...(env.PAYMENT_WEBHOOK_SECRET !== undefined && { paymentSecret: env.PAYMENT_WEBHOOK_SECRET }),
      ...(env.STRIPE_WEBHOOK_SECRET !== undefined && { stripeSecret: env.STRIPE_WEBHOOK_SECRET }),
    },
    unpaidOrders: { timeout: env.ORDER_PAYMENT_TIMEOUT, ...schedules.unpaidOrders },
    reconciliation: {
      ...schedules.reconciliation,
      window: env.RECONCILIATION_WINDOW,
      grace: env.RECONCILIATION_GRACE,
    },
    housekeeping: schedules.housekeeping,
    saga: { compensationMaxIntervalMs: env.COMPENSATION_MAX_INTERVAL_MS },
    faultInjection: env.FAULT_INJECTION,
  };
}

/** The intervals of the Schedules, as their part of {@link Config}. */
const scheduleConfig = (env: z.infer<z.ZodObject<typeof scheduleVariables>>) => ({
  unpaidOrders: { sweepIntervalMs: env.ORDER_PAYMENT_SWEEP_INTERVAL_MS },
  reconciliation: { intervalMs: env.RECONCILIATION_INTERVAL_MS },
  housekeeping: { intervalMs: env.HOUSEKEEPING_INTERVAL_MS },
});

const parts = {
  database: z.object({ NODE_ENV, ...databaseVariables }).check(({ value, issues }) => {
    checkDatabase(value, (name, message) => issues.push({ code: 'custom', path: [name], message, input: value }));
  }),
  kafka: z.object(kafkaVariables).check(({ value, issues }) => {
    checkKafka(value, (name, message) => issues.push({ code: 'custom', path: [name], message, input: value }));
  }),
  schedules: z.object(scheduleVariables),
};

/** Reads the variables of the database alone. @throws ConfigError */
export const loadDatabaseConfig = (variables: Variables): DatabaseConfig =>
  databaseConfig(readPart(parts.database, variables));

/** Reads the variables of Kafka alone. @throws ConfigError */
export const loadKafkaConfig = (variables: Variables): KafkaConfig => kafkaConfig(readPart(parts.kafka, variables));

/** Reads the intervals of the Schedules alone. @throws ConfigError */
export const loadScheduleConfig = (variables: Variables): ScheduleConfig =>
  scheduleConfig(readPart(parts.schedules, variables));

/** Reads the variables of Temporal alone. @throws ConfigError */
export function loadTemporalConfig(variables: Variables): TemporalConfig {
  const { temporal, problem } = readTemporal(given(variables));
  if (!temporal) throw new ConfigError([problem]);
  return temporal;
}

function readPart<Part extends z.ZodType>(part: Part, variables: Variables): z.output<Part> {
  const set = given(variables);
  const parsed = part.safeParse(set);
  if (!parsed.success) throw new ConfigError(problemsOf(parsed, set));
  return parsed.data;
}

/** Those with a value. */
const given = (variables: Variables): Record<string, string> =>
  Object.fromEntries(Object.entries(variables).flatMap(([name, value]) => (value ? [[name, value]] : [])));

const problemsOf = ({ error }: z.ZodSafeParseResult<unknown>, set: Record<string, string>): string[] =>
  (error?.issues ?? []).map(({ path, message }) =>
    set[String(path[0])] === undefined ? `${String(path[0])} is not set` : `${path.join('.')} ${message}`,
  );

function readTemporal(variables: Record<string, string>) {
  try {
    const { connectionOptions, namespace } = loadClientConnectConfig({ overrideEnvVars: variables });
    if (!connectionOptions.address) return { problem: 'TEMPORAL_ADDRESS is not set' };
    return { temporal: { connection: connectionOptions, namespace: namespace ?? 'default' } };
  } catch (error) {
    return { problem: `Temporal's configuration: ${error instanceof Error ? error.message : String(error)}` };
  }
}
