import { find } from '../../inbox/inbox.sql';
import type { Once } from '../../inbox/once';
import { storedAnswer } from '../../inbox/stored-answer';
import type { EventRegistry } from '../../outbox/event-registry';
import type { Notifier } from '../../outbox/wake-up/wake-up';
import type { Database } from '../../platform/database/database';
import { inTransaction } from '../../platform/database/transaction';
import { isDatabaseOutage, sqlState, sqlStates } from '../../platform/database/database-error';
import { Refusal } from '../../platform/refusal';
import type { Behaviour, Dispatch, SendOptions } from '../behaviour';
import { createUnitOfWork } from '../unit-of-work';

export interface TransactionOptions {
  readonly database: Database;
  readonly registry: EventRegistry;
  readonly notifier: Notifier;
}

/** Gives each command its unit of work, writes it when the handler is done, and then tells the relays. */
export function createTransaction({ database, registry, notifier }: TransactionOptions): Behaviour {
  return async function transaction(dispatch, next) {
    const { transaction: mode } = dispatch.definition;
    if (mode === undefined || dispatch.uow) return next();
    const { once } = dispatch.options;
    const lanes = new Set<number>();
    const commit = mode === 'one_statement' ? oneStatement : interactive;
    const committing = commit(dispatch, next, lanes).finally(() => notifier.appended(lanes));
    return once ? committing.catch((error: unknown) => readBack(once, dispatch.options, error)) : committing;
  };

  async function oneStatement(dispatch: Dispatch, next: () => Promise<unknown>, lanes: Set<number>): Promise<unknown> {
    const { context, options } = dispatch;
    const uow = createUnitOfWork({ registry, context, lanes });
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
    const written = await uow.write(database, writes).catch(refuseWhileFirstRuns);
    if (written) return result;
    options.onRepeat?.();
    return storedAnswer(once, await find(database, once.scope, once.key));
  }

  /**
   * A lock holds rows that are there. Two commands that both found none and make the same one meet in its unique
   * index: the second wrote nothing then, and is decided once more, with what the first has committed before its eyes.
   */
  function interactive(dispatch: Dispatch, next: () => Promise<unknown>, lanes: Set<number>): Promise<unknown> {
    const decide = (): Promise<unknown> =>
      inTransaction(database, async (tx) => {
        refuseAfter(dispatch);
        dispatch.uow = createUnitOfWork({ registry, context: dispatch.context, tx, lanes });
        const result = await next();
        refuseAfter(dispatch);
        return result;
      });
    return decide().catch((error: unknown) => {
      if (sqlState(error) !== sqlStates.uniqueViolation) throw error;
      return decide();
    });
  }

  /**
   * The connection broke, perhaps while it committed: the key tells whether it did. When it is not
   * there the outcome stays unknown, and the caller's repeat with the same key settles it. Whether it was this
   * attempt or an earlier one, nobody knows: it counts as a repeat.
   */
  async function readBack(once: Once, { onRepeat }: SendOptions, error: unknown): Promise<unknown> {
    if (!isDatabaseOutage(error)) throw error;
    const row = await find(database, once.scope, once.key).catch(() => undefined);
    if (!row) throw error;
    onRepeat?.();
    return storedAnswer(once, row);
  }
}

/** The key is claimed by a transaction that is still open. */
export function refuseWhileFirstRuns(error: unknown): never {
  if (sqlState(error) !== sqlStates.lockNotAvailable) throw error;
  throw new Refusal('request_in_progress', 'The first request with this key is still running; try again in a second.', {
    retry_after: 1,
  });
}

/** A caller that gave up while this waited for a connection or a lock tries again: two of it would wait for each other. */
function refuseAfter({ definition, options: { deadline } }: Dispatch): void {
  if (deadline !== undefined && performance.now() > deadline) {
    throw new Error(`${definition.name} came to its turn after its caller's deadline: nothing was written.`);
  }
}
