import { Prisma } from '../../platform/prisma/client';
import { isDatabaseBusy, isDatabaseOutage, sqlState } from '../../platform/database/database-error';
import { Refusal } from '../../platform/refusal';
import { storable } from './incoming-message';
import { NewerDataVersion } from './newer-data-version';
import { UnreadableMessage } from './unreadable-message';

/** What a failure says, and so what is done about it. */
export type FailureKind = 'permanent' | 'newer' | 'outage' | 'transient' | 'rejected';

/**
 * - `outage`: the database is away. Nothing is known about the message: wait, as long as it takes.
 * - `poison`: the message cannot be read by any attempt: set aside as dead.
 * - `newer`: a later version of the service reads it: tried again without end, and not counted.
 * - `passing`: contention, or an error without an answer of the database (a connection that broke):
 *   tried again in place a few times, then `final`.
 * - `final`: the command's own error (a refusal, a constraint): set aside for a later attempt. That is
 *   written to the database, so an outage that was taken for something else shows there, and is waited for.
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

/** How often a letter that waits for a deploy is tried. */
const NEWER_RETRY_MS = 60_000;

/** When to try again after so many attempts; null for never. */
export function retryAfter(error: unknown, attempts: number, delaysMs: readonly number[]): number | null {
  const kind = failureKind(error);
  if (kind === 'permanent') return null;
  if (kind === 'newer') return delaysMs.at(-1) ?? NEWER_RETRY_MS;
  return delaysMs[attempts - 1] ?? null;
}

const REASON_LENGTH = 2_000;

/** For people, kept with the message. */
export function failureReason(error: unknown): string {
  if (error instanceof Refusal) return bounded(`${error.code}: ${error.detail}`);
  const message = error instanceof Error ? error.message.trim() : String(error);
  // Prisma puts the call it was made with first, and what happened last.
  const isPrisma = error instanceof Prisma.PrismaClientKnownRequestError;
  return bounded((isPrisma && message.split('\n').at(-1)) || message);
}

/** Cut first: a cut may leave half of a surrogate pair. */
const bounded = (reason: string): string => storable(reason.slice(0, REASON_LENGTH));

/** For the log: an outage is told by its reason, anything else with its stack. */
export const failureLine = (error: unknown): { reason: string } | { err: unknown } =>
  failureKind(error) === 'outage' ? { reason: failureReason(error) } : { err: error };
