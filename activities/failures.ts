import { ApplicationFailure, Context } from '@temporalio/activity';
import { TemporalFailure } from '@temporalio/common';
import type { IdempotencyKeys } from '../src/cqrs/idempotency-keys';
import type { Mediator } from '../src/cqrs/mediator';
import { isDatabaseOutage } from '../src/platform/database/database-error';
import type { Faults } from '../src/platform/faults';
import { within } from '../src/platform/timing';
import { FAULT, OUTAGE } from '../src/temporal-contract';

/** Shorter than an attempt's time-out, so that a silent database is an outage, which is not counted. */
const DATABASE_DEADLINE_MS = 4_000;

/**
 * Wraps the mediator for sagas: reports a database that is away or does not answer as an outage.
 *
 * @throws ApplicationFailure `outage` when the database is away or silent; the command may have been executed
 */
export const outageAware = ({ send }: Pick<Mediator, 'send'>, deadlineMs = DATABASE_DEADLINE_MS) => ({
  send: ((message, options) => inTime(deadlineMs, send(message, options))) as Mediator['send'],
});

/** Wraps the idempotency keys in the same way. */
export const outageAwareKeys = (
  { peek, bar }: Pick<IdempotencyKeys, 'peek' | 'bar'>,
  deadlineMs = DATABASE_DEADLINE_MS,
): Pick<IdempotencyKeys, 'peek' | 'bar'> => ({
  peek: (once) => inTime(deadlineMs, peek(once)),
  bar: (sagaId, step) => inTime(deadlineMs, bar(sagaId, step)),
});

const inTime = <T>(deadlineMs: number, asked: Promise<T>): Promise<T> =>
  within(deadlineMs, asked, () => outage(`The database did not answer within ${deadlineMs} ms.`)).catch(throwOutage);

/** Wraps the fault points, which are read from the same database, in the same way. */
export const outageAwareFaults = ({ pass }: Pick<Faults, 'pass'>): Pick<Faults, 'pass'> => ({
  pass: (point) => pass(point).catch(throwOutage),
});

function throwOutage(error: unknown): never {
  if (isDatabaseOutage(error)) throw outage('The database is away.', error);
  throw error;
}

const outage = (message: string, cause?: unknown): ApplicationFailure =>
  ApplicationFailure.create({
    type: OUTAGE,
    message,
    details: [{ attempt: Context.current().info.attempt }],
    category: 'BENIGN',
    ...(cause instanceof Error && { cause }),
  });

type Activity = (...args: never[]) => Promise<unknown>;

/** Reports every other error of an activity as a fault, which is retried and counted. Refusals stay as they are. */
export function withFaults<A extends object>(activities: A): A {
  const translated = Object.entries(activities as Record<string, Activity>).map(([name, activity]) => [
    name,
    (...args: never[]) => activity(...args).catch(throwFault),
  ]);
  return Object.fromEntries(translated) as A;
}

function throwFault(error: unknown): never {
  if (error instanceof TemporalFailure || !(error instanceof Error)) throw error;
  throw ApplicationFailure.fromError(error, { type: FAULT });
}
