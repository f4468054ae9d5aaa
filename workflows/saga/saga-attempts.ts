import {
  ActivityCancellationType,
  CancellationScope,
  isCancellation,
  type LocalActivityOptions,
  patched,
  proxyLocalActivities,
  sleep,
  TemporalFailure,
} from '@temporalio/workflow';
import type { SagaOptions } from '../../src/contract';
import { ATTEMPT_MS, ATTEMPTS_PER_ROUND, createForwardTime, createPatience, createRound } from './saga-budget';
import { isCircuitOpen, isRefusal } from './saga-failure';
import type { SagaOperator } from './saga-operator';
import type { Act, SagaStep } from './saga-step';
import { ATTEMPT, createSagaTries, type SagaTriesOptions } from './saga-tries';

type Answer = { readonly answer: unknown };
type Outcome = Answer | 'failed' | 'retry' | 'skip';

/** The first attempt of a step is the worker's own affair: it costs the server nothing but a marker. */
const FIRST: LocalActivityOptions = { ...ATTEMPT, retry: { maximumAttempts: 1 } };
const STUCK_INTERVAL = '5 minutes';
const STUCK_INTERVAL_MS = 5 * 60_000;
/**
 * While stuck, the server counts the minutes: the history does not grow, however long it takes. An attempt at work
 * ends before another one begins, because the server has one of an activity's id at a time.
 */
const STUCK = {
  startToCloseTimeout: ATTEMPT_MS,
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
} as const;
/** Sagas of before had one activity of ten minutes, and no more. */
const COUNTS_ATTEMPTS = 'counts-attempts-that-ran';

export interface SagaAttemptsOptions<A> extends SagaTriesOptions<A> {
  readonly operator: SagaOperator;
  readonly options: SagaOptions;
}

export interface SagaAttempts<A> {
  /** Does a step that may fail: tried for 10 minutes, or until it is refused or cancelled. */
  forward(step: SagaStep<A>): Promise<unknown>;
  /**
   * Tries for a round, and says when that was in vain.
   *
   * @returns `failed` when it is stuck: the alarm is raised
   */
  round(step: SagaStep<A>, act: Act): Promise<Answer | 'failed'>;
  /** Goes on with what is stuck: every 5 minutes, and whenever an operator says so, until it succeeds or is skipped. */
  untilResolved(step: SagaStep<A>, act: Act): Promise<unknown>;
  /** @returns the answer; it may take for ever, or until an operator skips a compensation */
  persist(step: SagaStep<A>, act: Act): Promise<unknown>;
}

/** How often, how long and by whom the acts of a saga's steps are tried. */
export function createSagaAttempts<A>(saga: SagaAttemptsOptions<A>): SagaAttempts<A> {
  const { journal, operator, options } = saga;
  const { perform, summaryOf } = createSagaTries(saga);

  return { forward, round, untilResolved, persist };

  /** A first attempt whose worker died, or that timed out, may have happened: the step's once-key tells. */
  async function forward(step: SagaStep<A>): Promise<unknown> {
    const budget = createForwardTime(options.forward_for_ms);
    let failure: unknown;
    try {
      if (!step.outside) return await step.run(proxyLocalActivities<A>({ ...FIRST, summary: summaryOf(step, 'run') }));
    } catch (error) {
      if (!(error instanceof TemporalFailure) || isCancellation(error) || isRefusal(error)) throw error;
      failure = error;
      journal.retrying(step.name, error);
      if (isCircuitOpen(error) && step.fallback) journal.fellBack(step.name, error);
    }
    return perform(step, 'run', { budget, failure, goesOn: () => patched(COUNTS_ATTEMPTS) });
  }

  async function persist(step: SagaStep<A>, act: Act): Promise<unknown> {
    const outcome = await round(step, act);
    return outcome === 'failed' ? untilResolved(step, act) : outcome.answer;
  }

  async function round(step: SagaStep<A>, act: Act): Promise<Answer | 'failed'> {
    try {
      return { answer: await perform(step, act, { budget: createRound(options.compensation_max_interval_ms) }) };
    } catch (error) {
      if (!(error instanceof TemporalFailure)) throw error;
      journal.stuck(step.name, error, ATTEMPTS_PER_ROUND, STUCK_INTERVAL_MS);
      return 'failed';
    }
  }

  async function untilResolved(step: SagaStep<A>, act: Act): Promise<unknown> {
    for (;;) {
      const patience = new CancellationScope();
      const attempt = { isAtWork: false };
      const waiting = patience.run(() => waitPatiently(step, act, attempt));
      let outcome: Outcome = await Promise.race([waiting, operator.decides(step.name, { skip: act === 'compensate' })]);
      patience.cancel();
      operator.dismiss(step.name);
      if (outcome === 'retry') {
        const last = attempt.isAtWork ? await waiting : 'failed';
        outcome = last === 'failed' ? await round(step, act) : last;
      }
      if (outcome === 'skip') {
        journal.resolved(step.name, 'skipped');
        return undefined;
      }
      if (typeof outcome === 'object') {
        journal.resolved(step.name, act === 'compensate' ? 'undone' : 'running');
        return outcome.answer;
      }
    }
  }

  /** @returns `failed` also when it was cancelled */
  async function waitPatiently(
    step: SagaStep<A>,
    act: Act,
    attempt: { isAtWork: boolean },
  ): Promise<Answer | 'failed'> {
    try {
      await sleep(STUCK_INTERVAL, { summary: `stuck: ${summaryOf(step, act)}` });
      attempt.isAtWork = true;
      const budget = createPatience(STUCK_INTERVAL);
      return { answer: await perform(step, act, { budget, activity: STUCK }) };
    } catch (error) {
      if (!(error instanceof TemporalFailure)) throw error;
      return 'failed';
    }
  }
}
