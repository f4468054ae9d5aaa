import { z } from 'zod';
import { flag, integer } from '../platform/config-values';

/** The variables of the outbox. */
export const outboxVariables = {
  OUTBOX_BATCH_SIZE: integer(1, 1000)
    .default(100)
    .describe('Rows of each shard that a relay claims and sends at once.'),
  OUTBOX_POLL_INTERVAL_MS: integer(5, 60_000)
    .default(50)
    .describe('How often a relay looks for rows. A notification after a commit wakes it sooner.'),
  OUTBOX_MAX_RETRY_COUNT: integer(0, 100)
    .default(3)
    .describe('Retries of a row that the broker refuses, before it becomes a dead letter.'),
  OUTBOX_RETRY_BACKOFF_MULTIPLIER: z.coerce
    .number()
    .min(1)
    .max(10)
    .default(2)
    .describe('The factor between two pauses before a row’s retries.'),
  OUTBOX_SHARDS_PER_RELAY: z
    .enum(['1', '2', '4', '8', '16'], 'must divide the 16 shards: 1, 2, 4, 8 or 16')
    .default('8')
    .transform(Number)
    .describe('How many of the 16 shards one relay publishes. All workers of a deployment need the same value.'),
  OUTBOX_ENABLE_METRICS: flag.default(true).describe('Whether the outbox reports metrics.'),
  OUTBOX_ENABLE_HEALTH_CHECK: flag.default(true).describe('Whether `/health` looks at the age of the outbox.'),
  OUTBOX_LAG_DEGRADED_SECONDS: integer(1, 86_400)
    .default(60)
    .describe('The age of the oldest unpublished event from which `/health` is `degraded`.'),
  OUTBOX_LAG_UNHEALTHY_SECONDS: integer(1, 604_800)
    .default(900)
    .describe('The age of the oldest unpublished event from which `/health` is `unhealthy`.'),
};

type Variables = z.infer<z.ZodObject<typeof outboxVariables>>;
type Complain = (name: string, message: string) => void;

/** Reports variables that contradict each other. */
export function checkOutbox(env: Variables, complain: Complain): void {
  if (env.OUTBOX_LAG_UNHEALTHY_SECONDS < env.OUTBOX_LAG_DEGRADED_SECONDS) {
    complain('OUTBOX_LAG_UNHEALTHY_SECONDS', 'is less than OUTBOX_LAG_DEGRADED_SECONDS');
  }
}

/** Returns the parts of the configuration for the outbox. */
export const outboxConfig = (env: Variables) => ({
  outbox: {
    batchSize: env.OUTBOX_BATCH_SIZE,
    pollIntervalMs: env.OUTBOX_POLL_INTERVAL_MS,
    maxRetryCount: env.OUTBOX_MAX_RETRY_COUNT,
    retryBackoffMultiplier: env.OUTBOX_RETRY_BACKOFF_MULTIPLIER,
    shardsPerRelay: env.OUTBOX_SHARDS_PER_RELAY,
  },
  outboxMetrics: env.OUTBOX_ENABLE_METRICS,
  outboxLag: {
    checked: env.OUTBOX_ENABLE_HEALTH_CHECK,
    degradedSeconds: env.OUTBOX_LAG_DEGRADED_SECONDS,
    unhealthySeconds: env.OUTBOX_LAG_UNHEALTHY_SECONDS,
  },
});

type Parts = ReturnType<typeof outboxConfig>;
/** The configuration of the outbox. */
export type OutboxConfig = Parts['outbox'];
/** The thresholds of the outbox's health check. */
export type OutboxLagConfig = Parts['outboxLag'];
