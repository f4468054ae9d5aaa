import { claim, find, prepareToClaim } from '../../inbox/inbox.sql';
import type { Once } from '../../inbox/once';
import { storedAnswer } from '../../inbox/stored-answer';
import type { EventRegistry } from '../../outbox/event-registry';
import type { Notifier } from '../../outbox/wake-up/wake-up';
import type { Database } from '../../platform/database/database';
import { inTransaction } from '../../platform/database/transaction';
import {
  hasAskedNothing,
  isDatabasePassing,
  isPlanOutOfDate,
  sqlState,
  sqlStates,
} from '../../platform/database/database-error';
import { Refusal } from '../../platform/refusal';
import type { Behaviour, Dispatch } from '../behaviour';
import { createPendingWrites, createUnitOfWork } from '../unit-of-work';

export interface TransactionOptions {
  readonly database: Database;
  readonly registry: EventRegistry;
  readonly notifier: Notifier;
}

/** Gives each command its unit of work, writes it when the handler is done, and then tells the relays. */
export function createTransaction({ database, registry, notifier }: TransactionOptions): Behaviour {
  return async function transaction(dispatch, next) {
    const { mode } = dispatch.definition;
    if (mode === 'query' || dispatch.uow) return next();
    const { once } = dispatch.options;
    const lanes = new Set<number>();
    const commit = mode === 'one_statement' ? oneStatement : interactive;
    const committing = commit(dispatch, next, lanes).finally(() => notifier.appended(lanes));
    return once ? committing.catch((error: unknown) => settle(once, dispatch, error)) : committing;
  };

  async function oneStatement(dispatch: Dispatch, next: () => Promise<unknown>, lanes: Set<number>): Promise<unknown> {
    const { context, options } = dispatch;
    const uow = createPendingWrites({ registry, context, lanes });
    dispatch.uow = uow;
    const result = await next();
    refuseAfter(dispatch);
    const { once, step } = options;
    if (!once) {
      await uow.write(database);
      return result;
    }
    const now = context.occurred_at;
    const writes = { claim: { once, now, result }, ...(step && { step: { record: step, now } }) };
    const written = await uow.write(database, writes);
    if (written) return result;
    options.onRepeat?.();
    return storedAnswer(once, await find(database, once.scope, once.key));
  }

  /**
   * A lock holds rows that are there. Two commands that both found none and make the same one meet in its unique
   * index: the second wrote nothing then, and is decided once more, with what the first has committed before its eyes. So is one
   * that met a prepared statement whose plan is out of date.
   */
  function interactive(dispatch: Dispatch, next: () => Promise<unknown>, lanes: Set<number>): Promise<unknown> {
    const decide = (): Promise<unknown> =>
      inTransaction(database, async (tx) => {
        refuseAfter(dispatch);
        dispatch.uow = createUnitOfWork(tx, { registry, context: dispatch.context, lanes });
        const result = await next();
        refuseAfter(dispatch);
        return result;
      });
    return decide().catch((error: unknown) => {
      if (sqlState(error) !== sqlStates.uniqueViolation && !isPlanOutOfDate(error)) throw error;
      return decide();
    });
  }

  /**
   * The connection broke, perhaps while it committed: the key tells whether it did. When it is not
   * there the outcome stays unknown, and the caller's repeat with the same key settles it. Whether it was this
   * attempt or an earlier one, nobody knows: it counts as a repeat.
   */
  async function settle(once: Once, { options, context }: Dispatch, error: unknown): Promise<unknown> {
    if (hasAskedNothing(error) || !isDatabasePassing(error)) throw error;
    const row = await find(database, once.scope, once.key).catch(() => undefined);
    if (row) {
      options.onRepeat?.();
      return storedAnswer(once, row);
    }
    if (sqlState(error) === sqlStates.lockNotAvailable && (await isClaimed(database, once, context.occurred_at))) {
      throw new Refusal(
        'request_in_progress',
        'The first request with this key is still running; try again in a second.',
        { retry_after: 1 },
      );
    }
    throw error;
  }
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

/** A caller that gave up while this waited for a connection or a lock tries again: two of it would wait for each other. */
function refuseAfter({ definition, options: { deadline } }: Dispatch): void {
  if (deadline !== undefined && performance.now() > deadline) {
    throw new Error(`${definition.name} came to its turn after its caller's deadline: nothing was written.`);
  }
}
