import {
  ActivityCancellationType,
  type ActivityOptions,
  CancellationScope,
  isCancellation,
  type LocalActivityOptions,
  proxyActivities,
  proxyLocalActivities,
  sleep,
  TemporalFailure,
} from '@temporalio/workflow';
import type { SagaOptions } from '../../src/contract';
import { isCircuitOpen, isRefusal } from './saga-failure';
import type { SagaJournal } from './saga-journal';
import type { SagaOperator } from './saga-operator';
import type { Act, SagaStep } from './saga-step';

type Answer = { readonly answer: unknown };
type Outcome = Answer | 'failed' | 'retry' | 'skip';

/** One attempt. With the stickiness to its worker, this is what a killed worker costs. */
const ATTEMPT_MS = 5_000;
const ATTEMPT = {
  startToCloseTimeout: ATTEMPT_MS,
  cancellationType: ActivityCancellationType.TRY_CANCEL,
} as const;
/** The first attempt of a step is the worker's own affair: it costs the server nothing but a marker. */
const FIRST: LocalActivityOptions = { ...ATTEMPT, retry: { maximumAttempts: 1 } };
/** What did not succeed at once is the server's: it counts the attempts and shows them. */
const FORWARD: ActivityOptions = { ...ATTEMPT, retry: { initialInterval: '200ms', maximumInterval: '5s' } };
const FORWARD_FOR_MS = 10 * 60_000;
const ATTEMPTS_PER_ROUND = 8;
const STUCK_INTERVAL = '5 minutes';
/**
 * While stuck, the server counts the minutes: the history does not grow, however long it takes. An attempt at work
 * ends before another one begins, because the server has one of an activity's id at a time.
 */
const STUCK: ActivityOptions = {
  startToCloseTimeout: ATTEMPT_MS,
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: { initialInterval: STUCK_INTERVAL, backoffCoefficient: 1 },
};

export interface SagaAttemptsOptions<A> {
  readonly journal: SagaJournal;
  readonly operator: SagaOperator;
  readonly options: SagaOptions;
  /** How a step is called in the Web UI. */
  readonly titleOf: (step: SagaStep<A>) => string;
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
  const { journal, operator, titleOf } = saga;
  const ROUND: ActivityOptions = {
    ...ATTEMPT,
    retry: {
      initialInterval: '200ms',
      maximumInterval: saga.options.compensation_max_interval_ms,
      maximumAttempts: ATTEMPTS_PER_ROUND,
    },
  };

  return { forward, round, untilResolved, persist };

  /** A first attempt whose worker died, or that timed out, may have happened: the step's once-key tells. */
  async function forward(step: SagaStep<A>): Promise<unknown> {
    const deadline = Date.now() + FORWARD_FOR_MS;
    try {
      if (!step.outside) return await step.run(proxyLocalActivities<A>({ ...FIRST, summary: summaryOf(step, 'run') }));
    } catch (error) {
      if (!(error instanceof TemporalFailure) || isCancellation(error) || isRefusal(error)) throw error;
      journal.retrying(step.name, error);
      if (isCircuitOpen(error) && step.fallback) journal.fellBack(step.name, error);
    }
    return perform(step, 'run', () => ({
      ...FORWARD,
      scheduleToCloseTimeout: Math.max(deadline - Date.now(), ATTEMPT_MS),
    }));
  }

  async function persist(step: SagaStep<A>, act: Act): Promise<unknown> {
    const outcome = await round(step, act);
    return outcome === 'failed' ? untilResolved(step, act) : outcome.answer;
  }

  async function round(step: SagaStep<A>, act: Act): Promise<Answer | 'failed'> {
    try {
      return { answer: await perform(step, act, () => ROUND) };
    } catch (error) {
      if (!(error instanceof TemporalFailure)) throw error;
      journal.stuck(step.name, error, ATTEMPTS_PER_ROUND);
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
      return { answer: await perform(step, act, () => STUCK) };
    } catch (error) {
      if (!(error instanceof TemporalFailure)) throw error;
      return 'failed';
    }
  }

  /** Once a step has fallen back, its `run` is never asked again: the fallback may have happened. */
  async function perform(step: SagaStep<A>, act: Act, options: () => ActivityOptions): Promise<unknown> {
    if (act !== 'run' || !step.fallback) return ask(step, act, options());
    if (!journal.hasFallenBack(step.name)) {
      try {
        return await ask(step, 'run', options());
      } catch (error) {
        if (!isCircuitOpen(error)) throw error;
        journal.fellBack(step.name, error);
      }
    }
    return ask(step, 'fallback', options());
  }

  function ask(step: SagaStep<A>, act: Act, options: ActivityOptions): Promise<unknown> {
    const activityId = act === 'run' ? step.name : `${act}/${step.name}`;
    return (
      step[act]?.(proxyActivities<A>({ ...options, activityId, summary: summaryOf(step, act) })) ?? Promise.resolve()
    );
  }

  function summaryOf(step: SagaStep<A>, act: Act): string {
    const title = titleOf(step);
    return {
      run: title,
      fallback: `fallback: ${title}`,
      compensate: `undo ${title}`,
      pivot: `did it happen? ${title}`,
    }[act];
  }
}
