import { isDatabasePassing } from '../../platform/database/database-error';
import type { Queryable } from '../../platform/database/queryable';
import { storeDeadLetters } from './dead-letter.sql';
import { type IncomingMessage, storable } from './incoming-message';

const TEXT_LENGTH = 1_000;
const HEADERS = 50;
const VALUE_BYTES = 64 * 1_024;

/** Cuts value and headers short. The key stays whole, because later messages of the key wait behind it. */
const bounded = (message: IncomingMessage): IncomingMessage => ({
  ...message,
  value: message.value?.subarray(0, VALUE_BYTES) ?? null,
  headers: Object.fromEntries(
    Object.entries(message.headers)
      .slice(0, HEADERS)
      .map(([name, value]) => [storable(name.slice(0, TEXT_LENGTH)), storable(value.slice(0, TEXT_LENGTH))]),
  ),
});

/** Leaves out value and headers. The message itself is at its place while Kafka keeps it. */
const placeOnly = (message: IncomingMessage): IncomingMessage => ({ ...message, value: null, headers: {} });

/**
 * Stores a message as a `dead` letter: whole, or else with value and headers cut short, or else without them.
 *
 * @throws the database's error when it refuses all three, or is away
 */
export async function storeWhatCanBeKept(
  database: Queryable,
  group: string,
  message: IncomingMessage,
  reason: string,
): Promise<void> {
  const forms = [message, bounded(message), placeOnly(message)];
  for (const [index, form] of forms.entries()) {
    try {
      await storeDeadLetters(database, group, [
        { message: form, state: 'dead', reason, attempts: 1, retryAfterMs: null },
      ]);
      return;
    } catch (error) {
      if (isDatabasePassing(error) || index === forms.length - 1) throw error;
    }
  }
}
