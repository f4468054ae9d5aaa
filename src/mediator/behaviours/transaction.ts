import { find } from '../../inbox/inbox.sql';
import { storedAnswer } from '../../inbox/stored-answer';
import type { EventRegistry } from '../../outbox/event-registry';
import type { Database } from '../../platform/database';
import { sqlState, sqlStates } from '../../platform/database-error';
import { Refusal } from '../../platform/refusal';
import type { Behaviour } from '../behaviour';
import { createUnitOfWork } from '../unit-of-work';

/** Gives each command its unit of work, and writes it when the handler is done. */
export function createTransaction(database: Database, registry: EventRegistry): Behaviour {
  return async function transaction(dispatch, next) {
    const { definition, context, options } = dispatch;
    if (definition.transaction === undefined || dispatch.uow) return next();

    if (definition.transaction === 'one_statement') {
      const uow = createUnitOfWork({ registry, context });
      dispatch.uow = uow;
      const result = await next();
      const { once } = options;
      if (!once) {
        await uow.write(database);
        return result;
      }
      const claim = { once, now: context.occurred_at, result };
      const written = await uow.write(database, { claim }).catch(refuseWhileFirstRuns);
      return written ? result : storedAnswer(once, await find(database, once.scope, once.key));
    }

    return database.$transaction(async (tx) => {
      dispatch.uow = createUnitOfWork({ registry, context, tx });
      return next();
    });
  };
}

/** The key is claimed by a transaction that is still open. */
export function refuseWhileFirstRuns(error: unknown): never {
  if (sqlState(error) !== sqlStates.lockNotAvailable) throw error;
  throw new Refusal('request_in_progress', 'The first request with this key is still running; try again in a second.', {
    retry_after: 1,
  });
}
