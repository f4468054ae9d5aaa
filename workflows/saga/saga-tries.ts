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
import type { SagaJournal } from './saga-journal';
import type { Act, SagaStep } from './saga-step';

export const ATTEMPT = {
  startToCloseTimeout: ATTEMPT_MS,
  cancellationType: ActivityCancellationType.TRY_CANCEL,
} as const;

/**
 * While an outage lasts, the server tries on without end, so that the history does not grow. It ends with the first
 * answer, or with the first failure that is no outage.
 */
const OUTAGE_RETRY: NonNullable<ActivityOptions['retry']> = {
  initialInterval: '1s',
  maximumInterval: '5s',
  nonRetryableErrorTypes: [FAULT, 'Error', 'TypeError', 'RangeError'],
};

export interface Tries {
  readonly budget: Budget;
  /** Of the attempt before. */
  readonly failure?: unknown;
  /** Asked after a failure: whether another activity may follow. */
  readonly goesOn?: () => boolean;
  readonly activity?: Pick<ActivityOptions, 'startToCloseTimeout' | 'cancellationType'>;
}

export interface SagaTries<A> {
  /**
   * Does an act until its budget is used up. Once a step has fallen back, its `run` is never asked again: the fallback
   * may have happened.
   *
   * @throws TemporalFailure its last failure
   */
  perform(step: SagaStep<A>, act: Act, tries: Tries): Promise<unknown>;
  /** How an act is called in the Web UI. */
  summaryOf(step: SagaStep<A>, act: Act): string;
}

export interface SagaTriesOptions<A> {
  readonly journal: SagaJournal;
  /** How a step is called in the Web UI. */
  readonly titleOf: (step: SagaStep<A>) => string;
}

/** The activities by which an act of a step is tried. */
export function createSagaTries<A>({ journal, titleOf }: SagaTriesOptions<A>): SagaTries<A> {
  return { perform, summaryOf };

  async function perform(step: SagaStep<A>, act: Act, tries: Tries): Promise<unknown> {
    if (act !== 'run' || !step.fallback) return ask(step, act, tries);
    if (!journal.hasFallenBack(step.name)) {
      try {
        return await ask(step, 'run', tries);
      } catch (error) {
        if (!isCircuitOpen(error)) throw error;
        journal.fellBack(step.name, error);
      }
    }
    return ask(step, 'fallback', tries);
  }

  /** One activity after the other, until one answers or the budget is used up. What an outage takes, nobody counts. */
  async function ask(step: SagaStep<A>, act: Act, { budget, goesOn, activity = ATTEMPT, ...tries }: Tries) {
    for (let { failure } = tries; ;) {
      const waits = isOutage(failure);
      const retry = waits ? OUTAGE_RETRY : budget.next();
      if (!retry) throw failure;
      const began = Date.now();
      try {
        return await once(step, act, waits, { ...activity, retry: { nonRetryableErrorTypes: [OUTAGE], ...retry } });
      } catch (error) {
        if (isCircuitOpen(error)) {
          budget.spend({ attempts: 0, atMost: retry.maximumAttempts ?? 1, elapsedMs: waits ? 0 : Date.now() - began });
        }
        if (!(error instanceof TemporalFailure) || isFinal(error)) throw error;
        if (!isOutage(error) && goesOn?.() === false) throw error;
        const before = isOutage(error) ? attemptsBeforeOutage(error) : (retry.maximumAttempts ?? 1);
        budget.spend(waits ? { attempts: 1 } : { attempts: before, elapsedMs: Date.now() - began });
        failure = error;
      }
    }
  }

  function once(step: SagaStep<A>, act: Act, waits: boolean, options: ActivityOptions): Promise<unknown> {
    const activityId = act === 'run' ? step.name : `${act}/${step.name}`;
    const summary = waits ? `after an outage: ${summaryOf(step, act)}` : summaryOf(step, act);
    return step[act]?.(proxyActivities<A>({ ...options, activityId, summary })) ?? Promise.resolve();
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

const isFinal = (error: unknown): boolean => isCancellation(error) || isRefusal(error) || isCircuitOpen(error);
