import { findAfterFailure } from '../../inbox/claim';
import { find } from '../../inbox/inbox.sql';
import type { Once } from '../../inbox/once';
import { storedAnswer } from '../../inbox/stored-answer';
import type { EventRegistry } from '../../outbox/event-registry';
import type { Notifier } from '../../outbox/append';
import type { Database } from '../../platform/database/database';
import { inTransaction } from '../../platform/database/transaction';
import { isPlanOutOfDate, sqlState, sqlStates } from '../../platform/database/database-error';
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
    const shards = new Set<number>();
    const commit = mode === 'one_statement' ? oneStatement : interactive;
    const committing = commit(dispatch, next, shards).finally(() => notifier.appended(shards));
    return once ? committing.catch((error: unknown) => settle(once, dispatch, error)) : committing;
  };

  async function oneStatement(dispatch: Dispatch, next: () => Promise<unknown>, shards: Set<number>): Promise<unknown> {
    const { context, options } = dispatch;
    const uow = createPendingWrites({ registry, context, shards });
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
  function interactive(dispatch: Dispatch, next: () => Promise<unknown>, shards: Set<number>): Promise<unknown> {
    const decide = (): Promise<unknown> =>
      inTransaction(database, async (tx) => {
        refuseAfter(dispatch);
        dispatch.uow = createUnitOfWork(tx, { registry, context: dispatch.context, shards });
        const result = await next();
        refuseAfter(dispatch);
        return result;
      });
    return decide().catch((error: unknown) => {
      if (sqlState(error) !== sqlStates.uniqueViolation && !isPlanOutOfDate(error)) throw error;
      return decide();
    });
  }

  /** Counts a commit as a repeat: this attempt or an earlier one may have made it. */
  async function settle(once: Once, { options, context }: Dispatch, error: unknown): Promise<unknown> {
    const row = await findAfterFailure(database, { once, now: context.occurred_at, error });
    options.onRepeat?.();
    return storedAnswer(once, row);
  }
}

/** A caller that gave up while this waited for a connection or a lock tries again: two of it would wait for each other. */
function refuseAfter({ definition, options: { deadline } }: Dispatch): void {
  if (deadline !== undefined && performance.now() > deadline) {
    throw new Error(`${definition.name} came to its turn after its caller's deadline: nothing was written.`);
  }
}
