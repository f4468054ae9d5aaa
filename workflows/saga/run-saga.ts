import {
  allHandlersFinished,
  CancellationScope,
  condition,
  isCancellation,
  TemporalFailure,
} from '@temporalio/workflow';
import { type SagaFailure, type SagaOptions, type SagaRecords, STEP_UNDONE } from '../../src/temporal-contract';
import { createSagaAttempts } from './attempts';
import { createSagaStatusReporter, type SagaSubject } from './status';
import { failureOf, sagaCompensated, type SagaStep } from './step';
import { awaitCancel, awaitOperator } from './updates';

export type { SagaStep } from './step';

/** A saga with the activities `A`, which include the two of {@link SagaRecords}. */
export interface Saga<A extends SagaRecords> {
  readonly subject: SagaSubject;
  readonly steps: readonly SagaStep<A>[];
  /** The consequences of a failure, executed in order after every compensation. Each is retried until it succeeds. */
  readonly followUps?: readonly SagaStep<A>[];
  readonly options?: SagaOptions;
}

const DEFAULTS: SagaOptions = { compensation_max_interval_ms: 5_000 };

/**
 * Runs the steps in order. A failure up to the pivot, or a cancellation before it, compensates every started step in
 * reverse order. Then the follow-ups are executed.
 *
 * - A compensation is registered before its step runs, because a step that timed out may have happened.
 * - Nothing interrupts the pivot, the steps after it, a compensation or a follow-up.
 * - Compensations, follow-ups and the steps after the pivot must succeed. After a round of 8 failed attempts they are
 *   stuck. The saga raises an alarm, and retries every 5 minutes and whenever an operator asks, without end. The other
 *   compensations go on meanwhile. An operator may skip a stuck compensation.
 *
 * A run that follows a lost or reset run gets the stored results of its steps. If it finds an undone step, or has the
 * failure of the lost run, it compensates all steps up to the pivot. It cannot know which of them are undone.
 *
 * @throws ApplicationFailure `saga_compensated` with the first failure, after all compensations and follow-ups
 */
export async function runSaga<A extends SagaRecords>({ subject, steps, ...saga }: Saga<A>): Promise<void> {
  const { followUps = [], options = DEFAULTS } = saga;
  const names = steps.map(({ name }) => name);
  const status = createSagaStatusReporter(subject, names);
  const wayForward = new CancellationScope();
  const cancelling = awaitCancel((cancellation) => {
    status.cancelled(cancellation);
    wayForward.cancel();
  });
  const operator = awaitOperator(status.decided);
  const attempts = createSagaAttempts<A>({ status, operator, options, titleOf });
  const started: SagaStep<A>[] = [];
  let pivotPassed = false;

  const pivotAt = steps.findIndex(({ pivot }) => pivot);
  const compensable = pivotAt < 0 ? steps : steps.slice(0, pivotAt + 1);

  try {
    if (options.failure) throw sagaCompensated(options.failure);
    await wayForward.run(async () => {
      for (const step of steps) {
        started.push(step);
        status.mark(step.name, 'running');
        await forward(step);
        status.mark(step.name, 'done');
      }
      stopIfCancelled();
    });
  } catch (error) {
    const failure = options.failure ?? failureOfStep(error);
    const toCompensate = options.failure || failure.code === STEP_UNDONE ? compensable : started;
    cancelling.close();
    await CancellationScope.nonCancellable(() => compensate(toCompensate.toReversed(), failure));
    throw sagaCompensated(failure);
  }
  cancelling.close();
  await CancellationScope.nonCancellable(async () => {
    await status.completed();
    await condition(allHandlersFinished);
  });

  function failureOfStep(error: unknown): SagaFailure {
    const failed = started.at(-1);
    if (!failed || !(error instanceof TemporalFailure)) throw error;
    return failureOf(failed.name, isCancellation(error) ? cancelling.failure() : error);
  }

  async function forward(step: SagaStep<A>): Promise<void> {
    stopIfCancelled();
    if (pivotPassed) {
      await CancellationScope.nonCancellable(() => attempts.retryForever(step, 'execute'));
    } else if (step.pivot) {
      cancelling.close();
      await CancellationScope.nonCancellable(() => passPivot(step));
      pivotPassed = true;
    } else {
      await attempts.forward(step);
    }
  }

  /** A cancellation holds even if it arrives together with the result of the running activity. */
  function stopIfCancelled(): void {
    if (!pivotPassed && wayForward.consideredCancelled) throw cancelling.failure();
  }

  async function passPivot(step: SagaStep<A>): Promise<void> {
    try {
      await attempts.forward(step);
    } catch (error) {
      if (!(await attempts.retryForever(step, 'confirm'))) throw error;
    }
  }

  async function compensate(toCompensate: readonly SagaStep<A>[], failure: SagaFailure): Promise<void> {
    status.fail(
      failure,
      followUps.map(({ name }) => name),
    );
    const stuck: Promise<unknown>[] = [];
    for (const step of toCompensate) {
      if (!step.compensate) continue;
      status.mark(step.name, 'undoing');
      const outcome = await attempts.round(step, 'compensate');
      if (outcome === 'failed') stuck.push(attempts.retryUntilResolved(step, 'compensate'));
      else status.mark(step.name, 'undone');
    }
    await Promise.all(stuck);
    for (const followUp of followUps) {
      status.mark(followUp.name, 'running');
      await attempts.retryForever(followUp, 'execute');
      status.mark(followUp.name, 'done');
    }
    await status.compensated();
    await condition(allHandlersFinished);
  }

  function titleOf(step: SagaStep<A>): string {
    const of = steps.includes(step) ? steps : followUps;
    const title = `${step.name.replaceAll('_', ' ')} (${of.indexOf(step) + 1}/${of.length})`;
    return of === steps ? title : `follow-up: ${title}`;
  }
}
