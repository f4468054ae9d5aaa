import {
  allHandlersFinished,
  CancellationScope,
  condition,
  isCancellation,
  TemporalFailure,
} from '@temporalio/workflow';
import { type SagaFailure, type SagaOptions, type SagaRecords, STEP_UNDONE } from '../src/contract';
import { createSagaAttempts } from './saga/saga-attempts';
import { awaitCancel } from './saga/saga-cancel';
import { failureOf, sagaCompensated } from './saga/saga-failure';
import { createSagaJournal, type SagaSubject } from './saga/saga-journal';
import { awaitOperator } from './saga/saga-operator';
import type { SagaStep } from './saga/saga-step';

export type { SagaStep } from './saga/saga-step';

/** A saga with the activities `A`, among them the two that record how it goes. */
export interface Saga<A extends SagaRecords> {
  readonly subject: SagaSubject;
  readonly steps: readonly SagaStep<A>[];
  /** What a failure has for consequences: done in order once all is undone or skipped. Each must succeed. */
  readonly remedies?: readonly SagaStep<A>[];
  readonly options?: SagaOptions;
}

const DEFAULTS: SagaOptions = { compensation_max_interval_ms: 5_000 };

/**
 * Runs the steps in order. When one up to the pivot fails, or the saga is cancelled before the pivot
 * begins, all that was begun is undone in reverse order, and then the remedies are done.
 *
 * - A compensation is registered before its step runs: a step that timed out may have happened.
 * - Nothing interrupts the pivot, what follows it, a compensation or a remedy.
 * - What must succeed (compensations, remedies, steps behind the pivot) and failed for a round of 8
 *   attempts is stuck: an alarm is raised, and it is tried every 5 minutes and whenever an operator says
 *   so, without end. The other compensations go on meanwhile. An operator may skip a stuck compensation.
 *
 * A run after one that was lost, or reset, is answered by its steps' keys. Where it meets a step that was undone, or was
 * given the failure of the lost run, it undoes all steps up to the pivot: which of them the lost run undid, it cannot know.
 *
 * @throws ApplicationFailure `saga_compensated` with the first failure, once all is undone or skipped,
 *   and the remedies are done
 */
export async function runSaga<A extends SagaRecords>({ subject, steps, ...saga }: Saga<A>): Promise<void> {
  const { remedies = [], options = DEFAULTS } = saga;
  const names = steps.map(({ name }) => name);
  const journal = createSagaJournal(subject, names);
  const wayForward = new CancellationScope();
  const cancelling = awaitCancel((cancellation) => {
    journal.cancelled(cancellation);
    wayForward.cancel();
  });
  const operator = awaitOperator(journal.decided);
  const attempts = createSagaAttempts<A>({ journal, operator, options, titleOf });
  const begun: SagaStep<A>[] = [];
  let pivotPassed = false;

  const pivotAt = steps.findIndex(({ pivot }) => pivot);
  const mayBeUndone = pivotAt < 0 ? steps : steps.slice(0, pivotAt + 1);

  try {
    if (options.failure) throw sagaCompensated(options.failure);
    await wayForward.run(async () => {
      for (const step of steps) {
        begun.push(step);
        journal.mark(step.name, 'running');
        await forward(step);
        journal.mark(step.name, 'done');
      }
      stopIfCancelled();
    });
  } catch (error) {
    const failure = options.failure ?? failureOfStep(error);
    const undoing = options.failure || failure.code === STEP_UNDONE ? mayBeUndone : begun;
    cancelling.close();
    await CancellationScope.nonCancellable(() => compensate(undoing.toReversed(), failure));
    throw sagaCompensated(failure);
  }
  cancelling.close();
  await CancellationScope.nonCancellable(async () => {
    await journal.completed();
    await condition(allHandlersFinished);
  });

  function failureOfStep(error: unknown): SagaFailure {
    const failed = begun.at(-1);
    if (!failed || !(error instanceof TemporalFailure)) throw error;
    return failureOf(failed.name, isCancellation(error) ? cancelling.failure() : error);
  }

  async function forward(step: SagaStep<A>): Promise<void> {
    stopIfCancelled();
    if (pivotPassed) {
      await CancellationScope.nonCancellable(() => attempts.persist(step, 'run'));
    } else if (step.pivot) {
      cancelling.close();
      await CancellationScope.nonCancellable(() => passPivot(step));
      pivotPassed = true;
    } else {
      await attempts.forward(step);
    }
  }

  /** An activity whose answer came together with the cancellation is done, and the saga cancelled all the same. */
  function stopIfCancelled(): void {
    if (!pivotPassed && wayForward.consideredCancelled) throw cancelling.failure();
  }

  async function passPivot(step: SagaStep<A>): Promise<void> {
    try {
      await attempts.forward(step);
    } catch (error) {
      if (!(await attempts.persist(step, 'pivot'))) throw error;
    }
  }

  async function compensate(undoing: readonly SagaStep<A>[], failure: SagaFailure): Promise<void> {
    journal.fail(
      failure,
      remedies.map(({ name }) => name),
    );
    const stuck: Promise<unknown>[] = [];
    for (const step of undoing) {
      if (!step.compensate) continue;
      journal.mark(step.name, 'undoing');
      const outcome = await attempts.round(step, 'compensate');
      if (outcome === 'failed') stuck.push(attempts.untilResolved(step, 'compensate'));
      else journal.mark(step.name, 'undone');
    }
    await Promise.all(stuck);
    for (const remedy of remedies) {
      journal.mark(remedy.name, 'running');
      await attempts.persist(remedy, 'run');
      journal.mark(remedy.name, 'done');
    }
    await journal.compensated();
    await condition(allHandlersFinished);
  }

  function titleOf(step: SagaStep<A>): string {
    const of = steps.includes(step) ? steps : remedies;
    const title = `${step.name.replaceAll('_', ' ')} (${of.indexOf(step) + 1}/${of.length})`;
    return of === steps ? title : `remedy: ${title}`;
  }
}
