import { ApplicationFailure, Context } from '@temporalio/activity';
import { CIRCUIT_OPEN, OUTAGE } from '../../../src/contract';

/** What the nth attempt of an activity does before it answers, counted from 1 over the whole saga. */
export type Behaviour = (attempt: number) => Promise<void> | void;

/** A business refusal: final. */
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

/** Something is broken for the first `times` attempts; for ever unless told. */
export const breaks =
  (times = Number.POSITIVE_INFINITY): Behaviour =>
  (attempt) => {
    if (attempt <= times) throw new Error('The database is away.');
  };

/**
 * The first `times` attempts never answer: they time out, though they may have happened. Time is not skipped
 * while an activity runs, so each takes its five seconds.
 */
export const hangs =
  (times = 1): Behaviour =>
  async (attempt) => {
    if (attempt <= times) await Context.current().cancelled;
  };

/** What the activity needs is away as long as `isAway` says so: nobody is to blame, and nothing is counted. */
export const suffersOutage =
  (isAway: (attempt: number) => boolean | Promise<boolean>): Behaviour =>
  async (attempt) => {
    if (!(await isAway(attempt))) return;
    const details = [{ attempt: Context.current().info.attempt }];
    throw ApplicationFailure.create({ type: OUTAGE, message: 'The database is away.', details, category: 'BENIGN' });
  };

/** Who would be asked is known to be out of order: nobody is asked, and a fallback is due. */
export const opensCircuit = (): Behaviour => () => {
  throw ApplicationFailure.nonRetryable('The circuit is open.', CIRCUIT_OPEN);
};
