import type { Database } from '../platform/database/database';
import { hasAskedNothing, isDatabasePassing, sqlState, sqlStates } from '../platform/database/database-error';
import type { Queryable } from '../platform/database/queryable';
import { inTransaction } from '../platform/database/transaction';
import { Refusal } from '../platform/refusal';
import { claim, find, type InboxRow, prepareToClaim, undone } from './inbox.sql';
import type { Once } from './once';

/** `neverHappened`: a compensation has barred its step, and has nothing to undo. */
export type Claim =
  | { readonly isNew: true; readonly neverHappened: boolean }
  | { readonly isNew: false; readonly row: InboxRow | undefined };

/** Claims a key in the open transaction, and for a compensation also the key of its step. */
export async function claimKey(tx: Queryable, once: Once, now: string): Promise<Claim> {
  if (!(await claim(tx, once, now))) return { isNew: false, row: await find(tx, once.scope, once.key) };
  const barred = once.undoes !== undefined && (await claim(tx, { ...once, key: once.undoes }, now, undone));
  return { isNew: true, neverHappened: barred && !once.always };
}

export interface FailedClaim {
  readonly once: Once;
  readonly now: string;
  readonly error: unknown;
}

/**
 * Finds the row of a key whose transaction failed. The connection may have broken while it committed: then the key is
 * there. When it is not, the outcome stays unknown, and a repeat with the same key settles it.
 *
 * @throws Refusal `request_in_progress` while another transaction holds the key; otherwise the given error
 */
export async function findAfterFailure(database: Database, { once, now, error }: FailedClaim): Promise<InboxRow> {
  if (hasAskedNothing(error) || !isDatabasePassing(error)) throw error;
  const row = await find(database, once.scope, once.key).catch(() => undefined);
  if (row) return row;
  if (sqlState(error) === sqlStates.lockNotAvailable && (await isClaimed(database, once, now))) {
    throw new Refusal(
      'request_in_progress',
      'The first request with this key is still running; try again in a second.',
      { retry_after: 1 },
    );
  }
  throw error;
}

/** What {@link isClaimed} ends its transaction with. */
class Unclaimed extends Error {}

/**
 * Whether a transaction that is still open has claimed the key. Any part of a statement may have waited for a lock in
 * vain, so this claims the key by itself, and takes it back.
 */
async function isClaimed(database: Database, once: Once, now: string): Promise<boolean> {
  const keys = once.undoes === undefined ? [once.key] : [once.key, once.undoes];
  let waitsForKey = false;
  try {
    await inTransaction(database, async (tx) => {
      await prepareToClaim(tx);
      waitsForKey = true;
      for (const key of keys) await claim(tx, { ...once, key }, now);
      throw new Unclaimed();
    });
    return false;
  } catch (error) {
    return waitsForKey && sqlState(error) === sqlStates.lockNotAvailable;
  }
}
