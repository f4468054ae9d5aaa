import { type Database, inTransaction } from '../platform/database/database';
import { isPlanOutOfDate } from '../platform/database/database-error';
import { type Clock, systemClock } from '../platform/timing';
import { claimKey, findAfterFailure, storedResponse } from './claim-key';
import { claim, find, type IdempotencyKey, store, keyForCompensation } from './idempotency';

/** Stored responses of idempotency keys, for work outside of a command's transaction. */
export interface IdempotencyKeys {
  /**
   * Reads the stored response of a key; `undefined` when the key has none.
   *
   * @throws Refusal `step_undone` when a compensation came first, `idempotency_key_reused`
   */
  peek(idempotencyKey: IdempotencyKey): Promise<{ readonly response: unknown } | undefined>;
  /**
   * Stores a response, unless the key has one.
   *
   * @returns the stored response, which is the first one
   * @throws Refusal `idempotency_key_reused`, `request_in_progress`
   */
  save<Response>(idempotencyKey: IdempotencyKey, response: Response): Promise<Response>;
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
    async peek(idempotencyKey) {
      const row = await find(database, idempotencyKey.scope, idempotencyKey.key);
      return row && { response: storedResponse(idempotencyKey, row) };
    },

    async save<Response>(idempotencyKey: IdempotencyKey, response: Response) {
      const now = clock();
      try {
        if (await claim(database, idempotencyKey, now, response)) return response;
      } catch (error) {
        return storedResponse(
          idempotencyKey,
          await findAfterFailure(database, { idempotencyKey, now, error }),
        ) as Response;
      }
      return storedResponse(idempotencyKey, await find(database, idempotencyKey.scope, idempotencyKey.key)) as Response;
    },

    async bar(sagaId, step) {
      const idempotencyKey = keyForCompensation(sagaId, step);
      const now = clock();
      const confirm = (): Promise<unknown> =>
        inTransaction(database, async (tx) => {
          const claimed = await claimKey(tx, idempotencyKey, now);
          if (!claimed.isNew) return storedResponse(idempotencyKey, claimed.row);
          if (claimed.neverHappened) return null;
          await store(tx, idempotencyKey, happened);
          return happened;
        });
      const answer = await confirm()
        .catch((error: unknown) => {
          if (isPlanOutOfDate(error)) return confirm();
          throw error;
        })
        .catch(async (error: unknown) =>
          storedResponse(idempotencyKey, await findAfterFailure(database, { idempotencyKey, now, error })),
        );
      return answer !== null;
    },
  };
}

/**
 * Returns the first response to every repeat, for work outside of the key's transaction. The work must be idempotent
 * under the same key, because a process can die before it stores the response. Errors are not stored.
 *
 * @param idempotencyKey if undefined, the work runs each time and nothing is stored
 * @throws Refusal `idempotency_key_reused`
 */
export async function respondOnce<Response>(
  { peek, save }: IdempotencyKeys,
  idempotencyKey: IdempotencyKey | undefined,
  work: () => Promise<Response>,
): Promise<Response> {
  if (!idempotencyKey) return work();
  const first = await peek(idempotencyKey);
  return first ? (first.response as Response) : save(idempotencyKey, await work());
}
