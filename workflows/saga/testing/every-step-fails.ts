import { deepStrictEqual, ok } from 'node:assert';
import type { WorkflowHandle } from '@temporalio/client';
import type { SagaStatus } from '../../../src/temporal-contract';
import { outlineOf, type SagaStep, type StepOutline } from '../step';
import { type Behaviour, breaks, refuses, suffersOutage } from './behaviours';
import type { FakeActivities } from './fake-activities';
import { failureOf, minutesOf } from './saga-kit';

/** The code of the refusals in the table. */
const REFUSED = 'refused_by_test';
/** The attempts during an outage of eleven minutes, which is longer than a step's time limit. */
const OUTAGE_ATTEMPTS = 140;
const outage = suffersOutage((attempt) => attempt <= OUTAGE_ATTEMPTS);

/** The steps of the saga under test. */
export interface SagaSteps<A> {
  readonly steps: readonly SagaStep<A>[];
  readonly followUps?: readonly SagaStep<A>[];
}

/** One row of the table. */
export interface FailingStep {
  /** The title of a test, such as `book_hotel is refused`. */
  readonly title: string;
  /** Sets up the failures of the fakes. */
  arm<A>(fakes: FakeActivities<A>): void;
  /**
   * Waits for the saga's end and asserts its outcome: completed, or failed at this step. A failed saga has compensated
   * exactly its started steps, in reverse order, and then executed its follow-ups.
   *
   * @throws AssertionError
   */
  check<A>(saga: WorkflowHandle, fakes: FakeActivities<A>): Promise<void>;
}

/**
 * Returns the table of failures of each step. A step is refused, fails five times and then succeeds, or fails until its
 * time limit. It is refused while each compensation and follow-up fails five times. It, each compensation and each
 * follow-up survives an outage of eleven minutes.
 *
 * Each activity must belong to one phase of one step. The fake of the pivot's `confirm` must return `false`.
 */
export function everyStepFails<A>({ steps, followUps = [] }: SagaSteps<A>): FailingStep[] {
  const outlines = outlineOf(steps);
  const pivot = outlines.findIndex((step) => step.confirm);
  const mayFail = pivot < 0 ? outlines : outlines.slice(0, pivot + 1);
  const compensations = outlines.flatMap(({ compensate }) => compensate ?? []);
  const followingUp = outlineOf(followUps).flatMap(({ execute }) => execute ?? []);

  const completes = (step: StepOutline): FailingStep => ({
    title: `${step.name} fails five times`,
    arm: (fakes) => make(fakes, step.execute, breaks(5)),
    async check(saga, { calls }) {
      await saga.result();
      deepStrictEqual(called(calls, [...compensations, ...followingUp]), []);
    },
  });

  const waits = (step: StepOutline): FailingStep => ({
    title: `${step.name} waits for the end of an outage`,
    arm: (fakes) => make(fakes, step.execute, outage),
    async check(saga, { calls }) {
      await saga.result();
      ok((await minutesOf(saga)) > 10);
      deepStrictEqual(called(calls, [...compensations, ...followingUp, 'record stuck']), []);
    },
  });

  function compensates(step: StepOutline, title: string, code: string, arm: FailingStep['arm']): FailingStep {
    const started = outlines.slice(0, outlines.indexOf(step) + 1);
    const undone = started.flatMap(({ compensate }) => compensate ?? []).reverse();
    return {
      title: `${step.name} ${title}`,
      arm,
      async check(saga, { calls }) {
        const failure = await failureOf(saga);
        deepStrictEqual([failure.failed_step, failure.code], [step.name, code]);
        deepStrictEqual(called(calls, [...compensations, ...followingUp, 'record stuck']), [...undone, ...followingUp]);
        const executions = outlines.flatMap(({ execute }) => execute ?? []);
        deepStrictEqual(called(calls, executions), executions.slice(0, started.length));
        deepStrictEqual((await saga.query<SagaStatus>('status')).state, 'compensated');
      },
    };
  }

  return [
    ...mayFail.map((step) =>
      compensates(step, 'is refused', REFUSED, (fakes) => make(fakes, step.execute, refuses(REFUSED))),
    ),
    ...outlines.map(completes),
    ...mayFail.map((step) =>
      compensates(step, 'fails until its time is over', 'step_timed_out', (fakes) =>
        make(fakes, step.execute, breaks()),
      ),
    ),
    ...mayFail.map((step) =>
      compensates(step, 'is refused, and each compensation fails five times', REFUSED, (fakes) => {
        make(fakes, step.execute, refuses(REFUSED));
        for (const name of [...compensations, ...followingUp]) make(fakes, name, breaks(5));
      }),
    ),
    ...outlines.map(waits),
    ...mayFail.slice(-1).map((step) =>
      compensates(step, 'is refused, and each compensation waits for the end of an outage', REFUSED, (fakes) => {
        make(fakes, step.execute, refuses(REFUSED));
        for (const name of [...compensations, ...followingUp]) make(fakes, name, outage);
      }),
    ),
  ];
}

const make = <A>(fakes: FakeActivities<A>, name: string | undefined, behaviour: Behaviour): void =>
  fakes.make(name as keyof A, behaviour);

/** The calls with one of these names, each once, in the order of their first attempts. */
const called = (calls: readonly string[], names: readonly string[]): string[] => [
  ...new Set(calls.filter((call) => names.includes(call))),
];
