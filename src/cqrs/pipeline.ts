import type { z } from 'zod';
import type { Notifier } from '../events/append';
import type { EventRegistry } from '../events/registry';
import { type Database, inTransaction } from '../platform/database/database';
import { isPlanOutOfDate, sqlState, sqlStates } from '../platform/database/database-error';
import { logFields } from '../platform/logger';
import { Refusal } from '../platform/refusal';
import { claimKey, findAfterFailure, storedResponse } from './claim-key';
import { find, type IdempotencyKey } from './idempotency';
import type { Behaviour, Dispatch, Principal, Role } from './message';
import { createPendingWrites, createUnitOfWork } from './unit-of-work';

/** The dependencies of {@link createTransaction}. */
export interface TransactionOptions {
  readonly database: Database;
  readonly registry: EventRegistry;
  readonly notifier: Notifier;
}

/** Creates the behaviour that gives a command its unit of work, writes it, and notifies the relays after the commit. */
export function createTransaction({ database, registry, notifier }: TransactionOptions): Behaviour {
  return async function transaction(dispatch, next) {
    const { mode } = dispatch.definition;
    if (mode === 'query' || dispatch.uow) return next();
    const { idempotencyKey } = dispatch.options;
    const shards = new Set<number>();
    const commit = mode === 'one_statement' ? oneStatement : interactive;
    const committing = commit(dispatch, next, shards).finally(() => notifier.appended(shards));
    return idempotencyKey ? committing.catch((error: unknown) => settle(idempotencyKey, dispatch, error)) : committing;
  };

  async function oneStatement(dispatch: Dispatch, next: () => Promise<unknown>, shards: Set<number>): Promise<unknown> {
    const { context, options } = dispatch;
    const uow = createPendingWrites({ registry, context, shards });
    dispatch.uow = uow;
    const result = await next();
    refuseAfter(dispatch);
    const { idempotencyKey, step } = options;
    if (!idempotencyKey) {
      await uow.write(database);
      return result;
    }
    const now = context.occurred_at;
    const writes = { claim: { idempotencyKey, now, result }, ...(step && { step: { record: step, now } }) };
    const written = await uow.write(database, writes);
    if (written) return result;
    options.onRepeat?.();
    return storedResponse(idempotencyKey, await find(database, idempotencyKey.scope, idempotencyKey.key));
  }

  /**
   * Locks hold only rows that exist. If two commands insert the same row, the unique index refuses the second one,
   * which is decided again on what the first has committed. A prepared statement with an outdated plan is also tried
   * again.
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

  /** Treats a found commit as a repeat, because an earlier attempt may have made it. */
  async function settle(
    idempotencyKey: IdempotencyKey,
    { options, context }: Dispatch,
    error: unknown,
  ): Promise<unknown> {
    const row = await findAfterFailure(database, { idempotencyKey, now: context.occurred_at, error });
    options.onRepeat?.();
    return storedResponse(idempotencyKey, row);
  }
}

/** Stops a command whose caller has given up and may try again: the two attempts would wait for each other. */
function refuseAfter({ definition, options: { deadline } }: Dispatch): void {
  if (deadline !== undefined && performance.now() > deadline) {
    throw new Error(`${definition.name} reached its turn after its caller's deadline. Nothing was written.`);
  }
}

/**
 * Runs the handler only if its idempotency key is new. The writes, the stored response and the key are one transaction.
 * A refusal rolls the key back. For a one-statement command, {@link createTransaction} claims the key.
 */
export const idempotency: Behaviour = async function idempotencyKey({ definition, options, uow, context }, next) {
  if (options.idempotencyKey && definition.mode === 'query')
    throw new Error(`${definition.name} is a query and takes no idempotency key.`);
  if (!uow || !('tx' in uow)) return next();
  const { tx } = uow;
  const now = context.occurred_at;
  const { idempotencyKey: key, step } = options;
  if (!key) {
    const result = await next();
    await uow.write(tx);
    return result;
  }

  const claimed = await claimKey(tx, key, now);
  if (!claimed.isNew) {
    options.onRepeat?.();
    return storedResponse(key, claimed.row);
  }
  const { neverHappened } = claimed;
  const result = neverHappened ? null : await next();

  const record = step && !neverHappened ? { step: { record: step, now } } : {};
  await uow.write(tx, { keyResult: { idempotencyKey: key, result }, ...record });
  return result;
};

/** A violation of a message's schema. */
export interface ValidationError {
  /** JSON Pointer to the invalid member (RFC 6901). */
  readonly pointer: string;
  readonly message: string;
}

/** Validates the data of every message by its schema. @throws Refusal `validation_failed` */
export const validation: Behaviour = async function validation(dispatch, next) {
  const parsed = dispatch.definition.input.safeParse(dispatch.data);
  if (!parsed.success) throw validationFailed(parsed.error.issues);
  dispatch.data = parsed.data;
  return next();
};

/** Makes the refusal `validation_failed`, with a pointer and a message per issue. */
export function validationFailed(issues: readonly z.core.$ZodIssue[]): Refusal {
  const errors = issues.flatMap(validationErrors);
  return new Refusal('validation_failed', 'The request does not have the expected shape. See `errors`.', { errors });
}

function validationErrors(issue: z.core.$ZodIssue): ValidationError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ pointer: pointerTo([...issue.path, key]), message: 'unknown field' }));
  }
  return [{ pointer: pointerTo(issue.path), message: issue.message }];
}

const pointerTo = (path: readonly PropertyKey[]): string =>
  path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** Logs each message: at level debug if handled, info if refused, error if failed. */
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

/**
 * Checks the role of the sender. Handlers check access to a customer's data by `canAccess`.
 *
 * @throws Refusal `forbidden`
 */
export const authorization: Behaviour = async function authorization({ definition, principal }, next) {
  assertRole(principal, definition.roles);
  return next();
};

/** Checks a role. The system has every role. @throws Refusal `forbidden` */
export function assertRole(principal: Principal, roles: readonly Role[]): void {
  if (principal.role === 'system' || roles.includes(principal.role)) return;
  throw new Refusal(
    'forbidden',
    `A key of the role ${principal.role} may not do this. Allowed: ${roles.join(', ') || 'the service itself'}.`,
  );
}
