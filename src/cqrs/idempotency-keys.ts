import { type Database, inTransaction } from '../platform/database/database';
import { isPlanOutOfDate } from '../platform/database/database-error';
import { type Clock, systemClock } from '../platform/timing';
import { claim, claimKey, find, findAfterFailure, type Once, store, storedAnswer, undoOnce } from './idempotency';

/** Stored responses of idempotency keys, for work outside of a command's transaction. */
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
   * Bars a step of a saga: a later attempt of the step has no effect. No-op for a step that has happened. Idempotent.
   *
   * @returns `true` if the step has happened
   */
  bar(sagaId: string, step: string): Promise<boolean>;
}

/** The dependencies of {@link createIdempotencyKeys}. */
export interface IdempotencyKeysOptions {
  readonly database: Database;
  /** Defaults to the system's clock. */
  readonly clock?: Clock;
}

/** The stored response of a compensation's key when its step has happened and was not undone; see {@link find}. */
const happened = { done: true } as const;

/** Creates the port on a database. Each call has its own transaction. */
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
 * Returns the first response to every repeat, for work outside of the key's transaction. The work must be idempotent
 * under the same key, because a process can die before it stores the response. Errors are not stored.
 *
 * @param once if undefined, the work runs each time and nothing is stored
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
