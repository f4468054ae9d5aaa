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
import type { SagaStep, StepPhase } from './saga-step';
import { ATTEMPT, createSagaTries, type SagaTriesOptions } from './saga-tries';

type Answer = { readonly answer: unknown };
type Outcome = Answer | 'failed' | 'retry' | 'skip';

/** The first attempt of a step is a local activity, which costs the server only a marker. */
const FIRST: LocalActivityOptions = { ...ATTEMPT, retry: { maximumAttempts: 1 } };
const STUCK_INTERVAL = '5 minutes';
const STUCK_INTERVAL_MS = 5 * 60_000;
/**
 * While a step is stuck, the server's retries do not make the history grow. A running attempt ends before the next one
 * starts, because the server allows one activity per id at a time.
 */
const STUCK = {
  startToCloseTimeout: ATTEMPT_MS,
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
} as const;
/** Sagas of earlier versions try a step with one activity of ten minutes. */
const COUNTS_ATTEMPTS = 'counts-attempts-that-ran';

/** What the attempts depend on. */
export interface SagaAttemptsOptions<A> extends SagaTriesOptions<A> {
  readonly operator: SagaOperator;
  readonly options: SagaOptions;
}

/** Tries the phases of a saga's steps. */
export interface SagaAttempts<A> {
  /** Executes a step that may fail, for at most 10 minutes or until it is refused or cancelled. */
  forward(step: SagaStep<A>): Promise<unknown>;
  /**
   * Tries a phase for one round.
   *
   * @returns `failed` after raising the alarm, when the step is stuck
   */
  round(step: SagaStep<A>, phase: StepPhase): Promise<Answer | 'failed'>;
  /** Retries a stuck step every 5 minutes, and whenever an operator asks, until it succeeds or is skipped. */
  retryUntilResolved(step: SagaStep<A>, phase: StepPhase): Promise<unknown>;
  /** Tries without end, in rounds, until the phase succeeds or an operator skips a compensation. */
  retryForever(step: SagaStep<A>, phase: StepPhase): Promise<unknown>;
}

/** Creates the retry policies of one saga. */
export function createSagaAttempts<A>(saga: SagaAttemptsOptions<A>): SagaAttempts<A> {
  const { status, operator, options } = saga;
  const { perform, summaryOf } = createSagaTries(saga);

  return { forward, round, retryUntilResolved, retryForever };

  /** A first attempt that timed out, or whose worker died, may have happened. The idempotency key makes a retry safe. */
  async function forward(step: SagaStep<A>): Promise<unknown> {
    const budget = createForwardTime(options.forward_for_ms);
    let failure: unknown;
    try {
      if (!step.external)
        return await step.execute(proxyLocalActivities<A>({ ...FIRST, summary: summaryOf(step, 'execute') }));
    } catch (error) {
      if (!(error instanceof TemporalFailure) || isCancellation(error) || isRefusal(error)) throw error;
      failure = error;
      status.retrying(step.name, error);
      if (isCircuitOpen(error) && step.fallback) status.fellBack(step.name, error);
    }
    return perform(step, 'execute', { budget, failure, goesOn: () => patched(COUNTS_ATTEMPTS) });
  }

  async function retryForever(step: SagaStep<A>, phase: StepPhase): Promise<unknown> {
    const outcome = await round(step, phase);
    return outcome === 'failed' ? retryUntilResolved(step, phase) : outcome.answer;
  }

  async function round(step: SagaStep<A>, phase: StepPhase): Promise<Answer | 'failed'> {
    try {
      return { answer: await perform(step, phase, { budget: createRound(options.compensation_max_interval_ms) }) };
    } catch (error) {
      if (!(error instanceof TemporalFailure)) throw error;
      status.stuck(step.name, error, ATTEMPTS_PER_ROUND, STUCK_INTERVAL_MS);
      return 'failed';
    }
  }

  async function retryUntilResolved(step: SagaStep<A>, phase: StepPhase): Promise<unknown> {
    for (;;) {
      const patience = new CancellationScope();
      const attempt = { isAtWork: false };
      const waiting = patience.run(() => waitPatiently(step, phase, attempt));
      let outcome: Outcome = await Promise.race([
        waiting,
        operator.decides(step.name, { skip: phase === 'compensate' }),
      ]);
      patience.cancel();
      operator.dismiss(step.name);
      if (outcome === 'retry') {
        const last = attempt.isAtWork ? await waiting : 'failed';
        outcome = last === 'failed' ? await round(step, phase) : last;
      }
      if (outcome === 'skip') {
        status.resolved(step.name, 'skipped');
        return undefined;
      }
      if (typeof outcome === 'object') {
        status.resolved(step.name, phase === 'compensate' ? 'undone' : 'running');
        return outcome.answer;
      }
    }
  }

  /** Waits 5 minutes and tries again. @returns `failed` also when it was cancelled */
  async function waitPatiently(
    step: SagaStep<A>,
    phase: StepPhase,
    attempt: { isAtWork: boolean },
  ): Promise<Answer | 'failed'> {
    try {
      await sleep(STUCK_INTERVAL, { summary: `stuck: ${summaryOf(step, phase)}` });
      attempt.isAtWork = true;
      const budget = createPatience(STUCK_INTERVAL);
      return { answer: await perform(step, phase, { budget, activity: STUCK }) };
    } catch (error) {
      if (!(error instanceof TemporalFailure)) throw error;
      return 'failed';
    }
  }
}
