import { ConfigError } from '../config';
import type { ValidationError } from '../cqrs/pipeline';
import { failureReason } from '../kafka/apply-failure';
import { isKafkaOutage } from '../kafka/client';
import { isDatabaseOutage } from '../platform/database/database-error';
import { Refusal } from '../platform/refusal';
import { grpcCode, grpcCodes } from '../platform/temporal/namespace';
import { reasonOf } from '../platform/temporal/temporal';
import { UsageError } from './options';

/** Returns the message of an error for people, with the setting to check where the cause is an outage. */
export function explain(error: unknown): string {
  if (isDatabaseOutage(error)) return 'The database does not answer; see DATABASE_URL.';
  if (isKafkaOutage(error)) return `Kafka does not answer (${(error as Error).message}); see KAFKA_BROKERS.`;
  const code = grpcCode(error);
  if (code === grpcCodes.UNAVAILABLE || code === grpcCodes.DEADLINE_EXCEEDED)
    return `Temporal does not answer (${reasonOf(error)}); see TEMPORAL_ADDRESS.`;
  if (code !== undefined) return `Temporal refuses it: ${reasonOf(error)}`;
  if (!(error instanceof Refusal)) return failureReason(error);
  const errors = (error.extra['errors'] ?? []) as readonly ValidationError[];
  if (errors.length === 0) return `${error.code}: ${error.detail}`;
  return errors
    .map(({ pointer, message }) => `${pointer.slice(1).replaceAll('/', '.') || 'The options'}: ${message}`)
    .join('\n');
}

/** Whether the command was called or configured wrongly: exit code 2. */
export const isUsageError = (error: unknown): boolean =>
  error instanceof ConfigError ||
  error instanceof UsageError ||
  (error instanceof Refusal && (error.code === 'validation_failed' || error.code === 'expiry_passed'));
