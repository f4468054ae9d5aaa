import { z } from 'zod';
import { integer, list } from '../platform/config-values';

/** The variables of the consumers. */
export const consumerVariables = {
  CONSUMER_SESSION_TIMEOUT_MS: integer(6_000, 300_000)
    .default(30_000)
    .describe('How long a consumer may be silent before Kafka gives its partitions to others.'),
  CONSUMER_RETRY_DELAYS_MS: list
    .pipe(z.array(z.string().transform(Number).pipe(z.int().min(0).max(86_400_000))).max(20))
    .default([1_000, 30_000, 300_000])
    .describe('The pauses before each retry of a message, in milliseconds, separated by commas.'),
  CONSUMER_MAX_QUEUED_PER_KEY: integer(1, 1_000_000)
    .default(10_000)
    .describe(
      'Messages of one key that may wait as dead letters. Beyond that, the partition pauses, and `/health` reports it.',
    ),
};

/** Returns the part of the configuration for the consumers. */
export const consumerConfig = (env: z.infer<z.ZodObject<typeof consumerVariables>>) => ({
  sessionTimeoutMs: env.CONSUMER_SESSION_TIMEOUT_MS,
  retryDelaysMs: env.CONSUMER_RETRY_DELAYS_MS,
  maxQueuedPerKey: env.CONSUMER_MAX_QUEUED_PER_KEY,
});

/** The configuration of the consumers. */
export type ConsumerConfig = ReturnType<typeof consumerConfig>;
