import { ApplicationFailure, Context } from '@temporalio/activity';
import { CIRCUIT_OPEN, OUTAGE } from '../../../src/temporal-contract';

/** Runs before the nth attempt of an activity returns, counted from 1 over the whole saga. */
export type Behaviour = (attempt: number) => Promise<void> | void;

/** Fails with a business refusal, which is final. */
export const refuses =
  (code: string): Behaviour =>
  () => {
    throw ApplicationFailure.create({
      type: code,
      message: `Refused: ${code}.`,
      nonRetryable: true,
      category: 'BENIGN',
    });
  };

/** Fails the first `times` attempts. Defaults to all attempts. */
export const breaks =
  (times = Number.POSITIVE_INFINITY): Behaviour =>
  (attempt) => {
    if (attempt <= times) throw new Error('The database is away.');
  };

/**
 * Lets the first `times` attempts time out, although they may have happened. Defaults to one attempt. Time is not skipped
 * while an activity runs, so each attempt takes five seconds.
 */
export const hangs =
  (times = 1): Behaviour =>
  async (attempt) => {
    if (attempt <= times) await Context.current().cancelled;
  };

/** Fails with an outage, which is not counted, while `isAway` returns `true`. */
export const suffersOutage =
  (isAway: (attempt: number) => boolean | Promise<boolean>): Behaviour =>
  async (attempt) => {
    if (!(await isAway(attempt))) return;
    const details = [{ attempt: Context.current().info.attempt }];
    throw ApplicationFailure.create({ type: OUTAGE, message: 'The database is away.', details, category: 'BENIGN' });
  };

/** Fails with an open circuit: no request was sent, and the fallback runs. */
export const opensCircuit = (): Behaviour => () => {
  throw ApplicationFailure.nonRetryable('The circuit is open.', CIRCUIT_OPEN);
};
