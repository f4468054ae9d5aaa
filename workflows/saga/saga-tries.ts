import {
  ActivityCancellationType,
  type ActivityOptions,
  isCancellation,
  proxyActivities,
  TemporalFailure,
} from '@temporalio/workflow';
import { FAULT, OUTAGE } from '../../src/contract';
import { ATTEMPT_MS, type Budget } from './saga-budget';
import { attemptsBeforeOutage, isCircuitOpen, isOutage, isRefusal } from './saga-failure';
import type { SagaStatusReporter } from './saga-journal';
import { callOf, type SagaStep, type StepPhase } from './saga-step';

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
