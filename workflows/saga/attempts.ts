import {
  ActivityCancellationType,
  type ActivityOptions,
  CancellationScope,
  isCancellation,
  type LocalActivityOptions,
  patched,
  proxyActivities,
  proxyLocalActivities,
  sleep,
  TemporalFailure,
} from '@temporalio/workflow';
import { FAULT, OUTAGE, type SagaOptions } from '../../src/temporal-contract';
import { ATTEMPT_MS, ATTEMPTS_PER_ROUND, type Budget, createForwardTime, createPatience, createRound } from './budget';
import type { SagaStatusReporter } from './status';
import {
  attemptsBeforeOutage,
  callOf,
  isCircuitOpen,
  isOutage,
  isRefusal,
  type SagaStep,
  type StepPhase,
} from './step';
import type { SagaOperator } from './updates';

/** The time-out of one attempt. */
export const ATTEMPT = {
  startToCloseTimeout: ATTEMPT_MS,
  cancellationType: ActivityCancellationType.TRY_CANCEL,
} as const;

/**
 * During an outage the server retries without end, so that the history does not grow. The activity ends with its first
 * result, or with the first failure that is not an outage.
 */
const OUTAGE_RETRY: NonNullable<ActivityOptions['retry']> = {
  initialInterval: '1s',
  maximumInterval: '5s',
  nonRetryableErrorTypes: [FAULT, 'Error', 'TypeError', 'RangeError'],
};

/** How a phase is tried. */
export interface Tries {
  readonly budget: Budget;
  /** The failure of the attempt before. */
  readonly failure?: unknown;
  /** Called after a failure: whether another activity may follow. */
  readonly goesOn?: () => boolean;
  readonly activity?: Pick<ActivityOptions, 'startToCloseTimeout' | 'cancellationType'>;
}

/** Tries the phases of steps within a budget. */
export interface SagaTries<A> {
  /**
   * Tries a phase until its budget is used up. A step that has fallen back is never executed again, because its
   * fallback may have happened.
   *
   * @throws TemporalFailure the last failure
   */
  perform(step: SagaStep<A>, phase: StepPhase, tries: Tries): Promise<unknown>;
  /** The phase's summary in the Web UI. */
  summaryOf(step: SagaStep<A>, phase: StepPhase): string;
}

/** What the tries depend on. */
export interface SagaTriesOptions<A> {
  readonly status: SagaStatusReporter;
  /** Returns a step's title in the Web UI. */
  readonly titleOf: (step: SagaStep<A>) => string;
}

/** Histories contain these activity ids. */
const ID_PREFIX: Readonly<Record<StepPhase, string>> = {
  execute: '',
  fallback: 'fallback/',
  compensate: 'compensate/',
  confirm: 'pivot/',
};

/** Runs the activities that try a phase of a step. */
export function createSagaTries<A>({ status, titleOf }: SagaTriesOptions<A>): SagaTries<A> {
  return { perform, summaryOf };

  async function perform(step: SagaStep<A>, phase: StepPhase, tries: Tries): Promise<unknown> {
    if (phase !== 'execute' || !step.fallback) return tryPhase(step, phase, tries);
    if (!status.hasFallenBack(step.name)) {
      try {
        return await tryPhase(step, 'execute', tries);
      } catch (error) {
        if (!isCircuitOpen(error)) throw error;
        status.fellBack(step.name, error);
      }
    }
    return tryPhase(step, 'fallback', tries);
  }

  /** Starts one activity after the other until one succeeds or the budget is used up. Outages are not counted. */
  async function tryPhase(
    step: SagaStep<A>,
    phase: StepPhase,
    { budget, goesOn, activity = ATTEMPT, ...tries }: Tries,
  ): Promise<unknown> {
    for (let { failure } = tries; ;) {
      const waits = isOutage(failure);
      const retry = waits ? OUTAGE_RETRY : budget.next();
      if (!retry) throw failure;
      const startedAt = Date.now();
      try {
        return await call(step, phase, waits, { ...activity, retry: { nonRetryableErrorTypes: [OUTAGE], ...retry } });
      } catch (error) {
        const elapsedMs = Date.now() - startedAt;
        if (isCircuitOpen(error)) {
          budget.spend({ attempts: 0, atMost: retry.maximumAttempts ?? 1, elapsedMs: waits ? 0 : elapsedMs });
        }
        if (!(error instanceof TemporalFailure) || isFinal(error)) throw error;
        if (!isOutage(error) && goesOn?.() === false) throw error;
        const attempts = isOutage(error) ? attemptsBeforeOutage(error) : (retry.maximumAttempts ?? 1);
        budget.spend(waits ? { attempts: 1 } : { attempts, elapsedMs });
        failure = error;
      }
    }
  }

  function call(step: SagaStep<A>, phase: StepPhase, waits: boolean, options: ActivityOptions): Promise<unknown> {
    const activityId = `${ID_PREFIX[phase]}${step.name}`;
    const summary = waits ? `after an outage: ${summaryOf(step, phase)}` : summaryOf(step, phase);
    return callOf(step, phase)?.(proxyActivities<A>({ ...options, activityId, summary })) ?? Promise.resolve();
  }

  function summaryOf(step: SagaStep<A>, phase: StepPhase): string {
    const title = titleOf(step);
    return {
      execute: title,
      fallback: `fallback: ${title}`,
      compensate: `compensate ${title}`,
      confirm: `did it happen? ${title}`,
    }[phase];
  }
}

const isFinal = (error: unknown): boolean => isCancellation(error) || isRefusal(error) || isCircuitOpen(error);

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
