import { isDatabaseBusy, isDatabaseOutage, isDatabaseTransient, sqlState } from '../platform/database/database-error';
import type { Queryable } from '../platform/database/statements';
import { Prisma } from '../platform/prisma/client';
import { Refusal } from '../platform/refusal';
import { storeDeadLetters } from './dead-letters.sql';
import { type IncomingMessage, NewerDataVersion, storable, UnreadableMessage } from './received-event';

/** What is known of a failure, which decides what is done about it. */
export type FailureKind = 'permanent' | 'newer' | 'outage' | 'transient' | 'rejected';

/**
 * Classifies a failure.
 *
 * - `outage`: the database is away, and nothing is known about the message. The consumer waits, without end.
 * - `permanent`: no attempt can read the message. It becomes a dead letter at once, in the state `dead`.
 * - `newer`: a later release reads the message. It is tried again without end, and not counted.
 * - `transient`: contention, or an error that the database did not state, such as a broken connection. The message is
 *   tried again a few times in place, then treated as `rejected`.
 * - `rejected`: the command's own error, such as a refusal or a constraint. The message becomes a dead letter that is
 *   tried again later. That write fails during an outage that was not recognised, which is then waited out.
 */
export function failureKind(error: unknown): FailureKind {
  if (error instanceof UnreadableMessage) return 'permanent';
  if (error instanceof NewerDataVersion) return 'newer';
  if (error instanceof Refusal) return error.code === 'request_in_progress' ? 'transient' : 'rejected';
  if (isDatabaseOutage(error)) return 'outage';
  if (isDatabaseBusy(error)) return 'transient';
  if (sqlState(error) !== undefined || error instanceof Prisma.PrismaClientValidationError) return 'rejected';
  return 'transient';
}

/** The pause between attempts at a letter that waits for a deploy, if no other is configured. */
const NEWER_RETRY_MS = 60_000;

/** Returns the pause before the next attempt in ms; `null` for no further attempt. */
export function retryAfter(error: unknown, attempts: number, delaysMs: readonly number[]): number | null {
  const kind = failureKind(error);
  if (kind === 'permanent') return null;
  if (kind === 'newer') return delaysMs.at(-1) ?? NEWER_RETRY_MS;
  return delaysMs[attempts - 1] ?? null;
}

const REASON_LENGTH = 2_000;

/** Returns the reason for people, which is kept with the message. At most 2,000 characters. */
export function failureReason(error: unknown): string {
  if (error instanceof Refusal) return bounded(`${error.code}: ${error.detail}`);
  const message = error instanceof Error ? error.message.trim() : String(error);
  // Prisma puts the call it was made with first, and what happened last.
  const isPrisma = error instanceof Prisma.PrismaClientKnownRequestError;
  return bounded((isPrisma && message.split('\n').at(-1)) || message);
}

/** Cut first: a cut may leave half of a surrogate pair. */
const bounded = (reason: string): string => storable(reason.slice(0, REASON_LENGTH));

/** Returns the log fields of a failure: the reason of an outage, and the whole error otherwise. */
export const failureLine = (error: unknown): { reason: string } | { err: unknown } =>
  failureKind(error) === 'outage' ? { reason: failureReason(error) } : { err: error };

/** The queue of a key is full. Its partition waits until an operator has closed letters of it. */
export class KeyQueueFull extends Error {
  override readonly name = 'KeyQueueFull';
}

const TEXT_LENGTH = 1_000;
const HEADERS = 50;
const VALUE_BYTES = 64 * 1_024;

/** Cuts value and headers short. The key stays whole, because later messages of the key wait behind it. */
const withinBounds = (message: IncomingMessage): IncomingMessage => ({
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
  const forms = [message, withinBounds(message), placeOnly(message)];
  for (const [index, form] of forms.entries()) {
    try {
      await storeDeadLetters(database, group, [
        { message: form, state: 'dead', reason, attempts: 1, retryAfterMs: null },
      ]);
      return;
    } catch (error) {
      if (isDatabaseTransient(error) || index === forms.length - 1) throw error;
    }
  }
}
