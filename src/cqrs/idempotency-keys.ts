import { type Database, inTransaction } from '../platform/database/database';
import { isPlanOutOfDate } from '../platform/database/database-error';
import { type Clock, systemClock } from '../platform/timing';
import { claim, claimKey, find, findAfterFailure, type Once, store, storedAnswer, undoOnce } from './idempotency';

/** The responses stored under idempotency keys, for work that is not in the transaction of a command. */
export interface IdempotencyKeys {
  /**
   * Reads the stored response of a key; `undefined` when the key has none.
   *
   * @throws Refusal `step_undone` when a compensation came first, `idempotency_key_reused`
   */
  peek(once: Once): Promise<{ readonly response: unknown } | undefined>;
  /**
   * Stores a response, unless the key has one.
   *
   * @returns the stored response, which is the first one
   * @throws Refusal `idempotency_key_reused`, `request_in_progress`
   */
  save<Response>(once: Once, response: Response): Promise<Response>;
  /**
   * Bars a saga's step that has not happened: a late attempt of the step does nothing. May be repeated.
   *
   * @returns whether the step has happened, and so was not barred
   */
  bar(sagaId: string, step: string): Promise<boolean>;
}

export interface IdempotencyKeysOptions {
  readonly database: Database;
  readonly clock?: Clock;
}

/** Marks the key of a compensation that has undone nothing, because its step has happened; see {@link find}. */
const happened = { done: true } as const;

export function createIdempotencyKeys({ database, clock = systemClock }: IdempotencyKeysOptions): IdempotencyKeys {
  return {
    async peek(once) {
      const row = await find(database, once.scope, once.key);
      return row && { response: storedAnswer(once, row) };
    },

    async save<Response>(once: Once, response: Response) {
      const now = clock();
      try {
        if (await claim(database, once, now, response)) return response;
      } catch (error) {
        return storedAnswer(once, await findAfterFailure(database, { once, now, error })) as Response;
      }
      return storedAnswer(once, await find(database, once.scope, once.key)) as Response;
    },

    async bar(sagaId, step) {
      const once = undoOnce(sagaId, step);
      const now = clock();
      const confirm = (): Promise<unknown> =>
        inTransaction(database, async (tx) => {
          const claimed = await claimKey(tx, once, now);
          if (!claimed.isNew) return storedAnswer(once, claimed.row);
          if (claimed.neverHappened) return null;
          await store(tx, once, happened);
          return happened;
        });
      const answer = await confirm()
        .catch((error: unknown) => {
          if (isPlanOutOfDate(error)) return confirm();
          throw error;
        })
        .catch(async (error: unknown) => storedAnswer(once, await findAfterFailure(database, { once, now, error })));
      return answer !== null;
    },
  };
}

/**
 * Responds to a repeat as to the first request, for work that cannot be in the transaction of its key. A process that
 * dies before it has stored the response leaves nothing: the work must be idempotent under the same key. Errors are not
 * stored.
 *
 * @param once without it, nothing is stored
 * @throws Refusal `idempotency_key_reused`
 */
export async function respondOnce<Response>(
  { peek, save }: IdempotencyKeys,
  once: Once | undefined,
  work: () => Promise<Response>,
): Promise<Response> {
  if (!once) return work();
  const first = await peek(once);
  return first ? (first.response as Response) : save(once, await work());
}
