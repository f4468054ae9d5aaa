import type { z } from 'zod';
import type { Notifier } from '../events/append';
import type { EventRegistry } from '../events/registry';
import { type Database, inTransaction } from '../platform/database/database';
import { isPlanOutOfDate, sqlState, sqlStates } from '../platform/database/database-error';
import { logFields } from '../platform/logger';
import { Refusal } from '../platform/refusal';
import { claimKey, find, findAfterFailure, type Once, storedAnswer } from './idempotency';
import type { Behaviour, Dispatch, Principal, Role } from './message';
import { createPendingWrites, createUnitOfWork } from './unit-of-work';

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

/**
 * The innermost behaviour: the handler runs only when its once-key is new, and its writes, its answer
 * and the key are one transaction. A refusal rolls the key back, so it stores nothing.
 *
 * For a one-statement command the key is part of that statement; see `transaction`.
 */
export const once: Behaviour = async function once({ definition, options, uow, context }, next) {
  if (options.once && definition.mode === 'query') throw new Error(`${definition.name} is a query: no once.`);
  if (!uow || !('tx' in uow)) return next();
  const { tx } = uow;
  const now = context.occurred_at;
  const { once: key, step } = options;
  if (!key) {
    const result = await next();
    await uow.write(tx);
    return result;
  }

  const claimed = await claimKey(tx, key, now);
  if (!claimed.isNew) {
    options.onRepeat?.();
    return storedAnswer(key, claimed.row);
  }
  const { neverHappened } = claimed;
  const result = neverHappened ? null : await next();

  const record = step && !neverHappened ? { step: { record: step, now } } : {};
  await uow.write(tx, { onceResult: { once: key, result }, ...record });
  return result;
};

export interface ValidationError {
  /** RFC 6901 JSON Pointer to the member that is wrong. */
  readonly pointer: string;
  readonly message: string;
}

/** Whoever sends it, a message has the shape it declares. @throws Refusal `validation_failed` */
export const validation: Behaviour = async function validation(dispatch, next) {
  const parsed = dispatch.definition.input.safeParse(dispatch.data);
  if (!parsed.success) throw validationFailed(parsed.error.issues);
  dispatch.data = parsed.data;
  return next();
};

export function validationFailed(issues: readonly z.core.$ZodIssue[]): Refusal {
  const errors = issues.flatMap(validationErrors);
  return new Refusal('validation_failed', 'The request does not have the expected shape; see `errors`.', { errors });
}

function validationErrors(issue: z.core.$ZodIssue): ValidationError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ pointer: pointerTo([...issue.path, key]), message: 'unknown field' }));
  }
  return [{ pointer: pointerTo(issue.path), message: issue.message }];
}

const pointerTo = (path: readonly PropertyKey[]): string =>
  path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** One line per message that did not succeed, one at debug level for each that did. */
export const logging: Behaviour = async function logging(dispatch, next) {
  const started = performance.now();
  const line = () => ({
    message: dispatch.definition.name,
    correlation_id: dispatch.context.correlation_id,
    ...(dispatch.options.step && { saga_id: dispatch.options.step.sagaId, step: dispatch.options.step.name }),
    duration_ms: Math.round((performance.now() - started) * 10) / 10,
  });
  try {
    const result = await next();
    dispatch.logger.debug(line(), 'message.handled');
    return result;
  } catch (error) {
    if (error instanceof Refusal) dispatch.logger.info({ ...line(), code: error.code }, 'message.refused');
    else dispatch.logger.error({ ...line(), ...logFields(error) }, 'message.failed');
    throw error;
  }
};

/** The role may send this message; whose data it may touch is the handler's to check (`maySee`). */
export const authorization: Behaviour = async function authorization({ definition, principal }, next) {
  assertRole(principal, definition.roles);
  return next();
};

/** @throws Refusal `forbidden` when the principal has none of the roles, and is not the system */
export function assertRole(principal: Principal, roles: readonly Role[]): void {
  if (principal.role === 'system' || roles.includes(principal.role)) return;
  throw new Refusal('forbidden', `A ${principal.role} key may not do this; it takes ${roles.join(' or ')}.`);
}
