import { ApplicationFailure, Context } from '@temporalio/activity';
import { TemporalFailure } from '@temporalio/common';
import { FAULT, OUTAGE } from '../src/contract';
import type { Mediator } from '../src/mediator/mediator';
import { isDatabaseOutage } from '../src/platform/database/database-error';
import type { Faults } from '../src/platform/faults/faults';
import { within } from '../src/platform/wait';

/** Shorter than an attempt, so that a silent database counts as an outage and not as a time-out. */
const DATABASE_DEADLINE_MS = 4_000;

/**
 * The mediator as sagas need it: a database that is away, or does not answer, is an outage.
 *
 * @throws ApplicationFailure `outage` when the database is away or silent; the command may have been done
 */
export const outageAware = ({ send }: Pick<Mediator, 'send'>, deadlineMs = DATABASE_DEADLINE_MS) => ({
  send: ((message, options) =>
    within(deadlineMs, send(message, options), () =>
      outage(`The database did not answer within ${deadlineMs} ms.`),
    ).catch(tellOutage)) as Mediator['send'],
});

/** Fault points are read from the database, too. */
export const outageAwareFaults = ({ pass }: Pick<Faults, 'pass'>): Pick<Faults, 'pass'> => ({
  pass: (point) => pass(point).catch(tellOutage),
});

function tellOutage(error: unknown): never {
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

/** Every other error of an activity is a fault: worth another attempt, and counted. A refusal stays as it is. */
export function withFaults<A extends object>(activities: A): A {
  const translated = Object.entries(activities as Record<string, Activity>).map(([name, activity]) => [
    name,
    (...args: never[]) => activity(...args).catch(tellFault),
  ]);
  return Object.fromEntries(translated) as A;
}

function tellFault(error: unknown): never {
  if (error instanceof TemporalFailure || !(error instanceof Error)) throw error;
  throw ApplicationFailure.fromError(error, { type: FAULT });
}
