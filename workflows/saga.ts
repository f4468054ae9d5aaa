import {
  ActivityCancellationType,
  type ActivityInterfaceFor,
  type ActivityOptions,
  allHandlersFinished,
  CancellationScope,
  CancelledFailure,
  condition,
  isCancellation,
  type LocalActivityOptions,
  proxyActivities,
  proxyLocalActivities,
  sleep,
  TemporalFailure,
} from '@temporalio/workflow';
import type { Activities } from '../activities';
import type { SagaFailure, SagaOptions } from '../src/contract';
import { failureOf, isRefusal, sagaCompensated } from './saga-failure';
import { createSagaJournal, type SagaSubject } from './saga-journal';
import { awaitOperator } from './saga-operator';

type Call = (activities: ActivityInterfaceFor<Activities>) => Promise<unknown>;

export interface SagaStep {
  readonly name: string;
  readonly run: Call;
  /** Undoes the step, also one that never happened, and bars a late attempt of it. */
  readonly compensate?: Call;
  /**
   * Marks the pivot, behind which the saga only goes forward. Asked when it failed: `true` when it
   * happened all the same; if not, it never will, because asking bars a late attempt.
   */
  readonly pivot?: Call;
}

export interface Saga {
  readonly subject: SagaSubject;
  readonly steps: readonly SagaStep[];
  readonly options: SagaOptions;
}

type Act = 'run' | 'compensate' | 'pivot';
type Outcome = { readonly answer: unknown } | 'failed' | 'retry' | 'skip';

/** One attempt. With the stickiness to its worker, this is what a killed worker costs. */
const ATTEMPT = { startToCloseTimeout: '5s', cancellationType: ActivityCancellationType.TRY_CANCEL } as const;
/** The first attempt of a step is the worker's own affair: it costs the server nothing but a marker. */
const FIRST: LocalActivityOptions = { ...ATTEMPT, retry: { maximumAttempts: 1 } };
/** What did not succeed at once is the server's: it counts the attempts and shows them. */
const FORWARD: ActivityOptions = {
  ...ATTEMPT,
  scheduleToCloseTimeout: '10 minutes',
  retry: { initialInterval: '200ms', maximumInterval: '5s' },
};
const ATTEMPTS_PER_ROUND = 8;
const STUCK_INTERVAL = '5 minutes';
/** While stuck, the server counts the minutes: the history does not grow, however long it takes. */
const STUCK: ActivityOptions = { ...ATTEMPT, retry: { initialInterval: STUCK_INTERVAL, backoffCoefficient: 1 } };

/**
 * Runs the steps in order. When one up to the pivot fails, or the workflow is cancelled before the
 * pivot, all that was begun is undone in reverse order.
 *
 * - A compensation is registered before its step runs: a step that timed out may have happened.
 * - Nothing interrupts the pivot, what follows it, or a compensation.
 * - What must succeed (compensations, steps behind the pivot) and failed for a round of 8 attempts is
 *   stuck: an alarm is raised, and it is tried every 5 minutes and whenever an operator says so, without
 *   end. The other compensations go on meanwhile. An operator may skip a stuck compensation.
 *
 * @throws ApplicationFailure `saga_compensated` with the first failure, once all is undone or skipped
 */
export async function runSaga({ subject, steps, options }: Saga): Promise<void> {
  const journal = createSagaJournal(
    subject,
    steps.map(({ name }) => name),
  );
  const operator = awaitOperator(journal.decided);
  const round: ActivityOptions = {
    ...ATTEMPT,
    retry: {
      initialInterval: '200ms',
      maximumInterval: options.compensation_max_interval_ms,
      maximumAttempts: ATTEMPTS_PER_ROUND,
    },
  };
  const begun: SagaStep[] = [];
  let pivotPassed = false;

  try {
    for (const step of steps) {
      begun.push(step);
      journal.mark(step.name, 'running');
      await forward(step);
      journal.mark(step.name, 'done');
    }
  } catch (error) {
    const failed = begun.at(-1);
    if (!failed || !(error instanceof TemporalFailure)) throw error;
    const failure = failureOf(failed.name, error);
    await CancellationScope.nonCancellable(() => compensate(begun.toReversed(), failure));
    throw sagaCompensated(failure);
  }
  await CancellationScope.nonCancellable(async () => {
    await journal.completed();
    await condition(allHandlersFinished);
  });

  async function forward(step: SagaStep): Promise<void> {
    if (pivotPassed) {
      await CancellationScope.nonCancellable(() => persist(step, 'run'));
    } else if (step.pivot) {
      if (CancellationScope.current().consideredCancelled) throw new CancelledFailure('Cancelled before the pivot');
      await CancellationScope.nonCancellable(() => passPivot(step));
      pivotPassed = true;
    } else {
      await run(step);
    }
  }

  /** A first attempt whose worker died, or that timed out, may have happened: the step's once-key tells. */
  async function run(step: SagaStep): Promise<unknown> {
    try {
      return await step.run(proxyLocalActivities<Activities>({ ...FIRST, summary: summaryOf(step, 'run') }));
    } catch (error) {
      if (!(error instanceof TemporalFailure) || isCancellation(error) || isRefusal(error)) throw error;
      journal.retrying(step.name, error);
      return act(step, 'run', FORWARD);
    }
  }

  async function passPivot(step: SagaStep): Promise<void> {
    try {
      await run(step);
    } catch (error) {
      if (!(await persist(step, 'pivot'))) throw error;
    }
  }

  async function compensate(undoing: readonly SagaStep[], failure: SagaFailure): Promise<void> {
    journal.fail(failure);
    const stuck: Promise<unknown>[] = [];
    for (const step of undoing) {
      if (!step.compensate) continue;
      journal.mark(step.name, 'undoing');
      const outcome = await attemptRound(step, 'compensate');
      if (outcome === 'failed') stuck.push(untilResolved(step, 'compensate'));
      else journal.mark(step.name, 'undone');
    }
    await Promise.all(stuck);
    await journal.compensated();
    await condition(allHandlersFinished);
  }

  /** @returns the answer; it may take for ever, or until an operator skips a compensation */
  async function persist(step: SagaStep, what: Act): Promise<unknown> {
    const outcome = await attemptRound(step, what);
    return typeof outcome === 'object' ? outcome.answer : untilResolved(step, what);
  }

  async function attemptRound(step: SagaStep, what: Act): Promise<Outcome> {
    try {
      return { answer: await act(step, what, round) };
    } catch (error) {
      if (!(error instanceof TemporalFailure)) throw error;
      journal.stuck(step.name, error, ATTEMPTS_PER_ROUND);
      return 'failed';
    }
  }

  async function untilResolved(step: SagaStep, what: Act): Promise<unknown> {
    for (;;) {
      const patience = new CancellationScope();
      let outcome: Outcome = await Promise.race([
        patience.run(() => waitPatiently(step, what)),
        operator.decides(step.name, { skip: what === 'compensate' }),
      ]);
      patience.cancel();
      operator.dismiss(step.name);
      if (outcome === 'retry') outcome = await attemptRound(step, what);
      if (outcome === 'skip') {
        journal.resolved(step.name, 'skipped');
        return undefined;
      }
      if (typeof outcome === 'object') {
        journal.resolved(step.name, what === 'compensate' ? 'undone' : 'running');
        return outcome.answer;
      }
    }
  }

  async function waitPatiently(step: SagaStep, what: Act): Promise<Outcome> {
    await sleep(STUCK_INTERVAL, { summary: `stuck: ${summaryOf(step, what)}` });
    try {
      return { answer: await act(step, what, STUCK) };
    } catch (error) {
      if (!(error instanceof TemporalFailure)) throw error;
      return 'failed';
    }
  }

  function act(step: SagaStep, what: Act, activityOptions: ActivityOptions): Promise<unknown> {
    const activityId = what === 'run' ? step.name : `${what}/${step.name}`;
    const activities = proxyActivities<Activities>({ ...activityOptions, activityId, summary: summaryOf(step, what) });
    return step[what]?.(activities) ?? Promise.resolve();
  }

  function summaryOf(step: SagaStep, what: Act): string {
    const title = `${step.name.replaceAll('_', ' ')} (${steps.indexOf(step) + 1}/${steps.length})`;
    return { run: title, compensate: `undo ${title}`, pivot: `did it happen? ${title}` }[what];
  }
}
