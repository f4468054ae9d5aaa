import { type Database, inTransaction } from '../platform/database/database';
import { hasAskedNothing, isDatabaseTransient, sqlState, sqlStates } from '../platform/database/database-error';
import type { Queryable } from '../platform/database/statements';
import { Refusal } from '../platform/refusal';
import { STEP_UNDONE } from '../temporal-contract';
import { claim, find, type IdempotencyKey, prepareToClaim, type StoredKey, undone } from './idempotency';

/**
 * Returns the stored response of a row.
 *
 * @throws Refusal `idempotency_key_reused` if the key was used with other content,
 *   `step_undone` if a compensation came first
 */
export function storedResponse(idempotencyKey: IdempotencyKey, row: StoredKey | undefined): unknown {
  if (!row)
    throw new Error(
      `Idempotency key ${idempotencyKey.scope}/${idempotencyKey.key} was taken and has disappeared. Try again.`,
    );
  if (row.fingerprint !== (idempotencyKey.fingerprint ?? null)) {
    throw new Refusal('idempotency_key_reused', 'This idempotency key was used with another request. Use a new key.');
  }
  if (row.is_undone) {
    throw new Refusal(
      STEP_UNDONE,
      `Step ${idempotencyKey.key} of ${idempotencyKey.scope} was compensated before this attempt arrived.`,
    );
  }
  return row.result;
}

/** The outcome of a claim. `neverHappened`: a compensation has barred its step and has nothing to undo. */
export type Claim =
  | { readonly isNew: true; readonly neverHappened: boolean }
  | { readonly isNew: false; readonly row: StoredKey | undefined };

/** Claims a key in the open transaction, and for a compensation also the key of its step. */
export async function claimKey(tx: Queryable, idempotencyKey: IdempotencyKey, now: string): Promise<Claim> {
  if (!(await claim(tx, idempotencyKey, now)))
    return { isNew: false, row: await find(tx, idempotencyKey.scope, idempotencyKey.key) };
  const barred =
    idempotencyKey.undoes !== undefined &&
    (await claim(tx, { ...idempotencyKey, key: idempotencyKey.undoes }, now, undone));
  return { isNew: true, neverHappened: barred && !idempotencyKey.always };
}

/** A failed transaction that claims a key. */
export interface FailedClaim {
  readonly idempotencyKey: IdempotencyKey;
  readonly now: string;
  readonly error: unknown;
}

/**
 * Finds the row of a key after its transaction failed, because the connection may have broken during the commit.
 * Without a row the outcome stays unknown. A repeat with the same key is safe.
 *
 * @throws Refusal `request_in_progress` while another transaction holds the key; else the given error
 */
export async function findAfterFailure(
  database: Database,
  { idempotencyKey, now, error }: FailedClaim,
): Promise<StoredKey> {
  if (hasAskedNothing(error) || !isDatabaseTransient(error)) throw error;
  const row = await find(database, idempotencyKey.scope, idempotencyKey.key).catch(() => undefined);
  if (row) return row;
  if (sqlState(error) === sqlStates.lockNotAvailable && (await isClaimed(database, idempotencyKey, now))) {
    throw new Refusal(
      'request_in_progress',
      'The first request with this key is still running. Try again in a second.',
      { retry_after: 1 },
    );
  }
  throw error;
}

/** Rolls back the transaction of {@link isClaimed}. */
class Unclaimed extends Error {}

/**
 * Checks whether an open transaction has claimed the key. Any lock of a statement may have timed out, so this claims
 * the key alone and rolls back.
 */
async function isClaimed(database: Database, idempotencyKey: IdempotencyKey, now: string): Promise<boolean> {
  const keys = idempotencyKey.undoes === undefined ? [idempotencyKey.key] : [idempotencyKey.key, idempotencyKey.undoes];
  let waitsForKey = false;
  try {
    await inTransaction(database, async (tx) => {
      await prepareToClaim(tx);
      waitsForKey = true;
      for (const key of keys) await claim(tx, { ...idempotencyKey, key }, now);
      throw new Unclaimed();
    });
    return false;
  } catch (error) {
    return waitsForKey && sqlState(error) === sqlStates.lockNotAvailable;
  }
}
