import type { WorkflowHandle } from '@temporalio/client';
import { deepStrictEqual, ok } from 'node:assert';
import type { SagaStatus } from '../../../src/contract';
import type { SagaStep } from '../saga-step';
import { outlineOf, type StepOutline } from '../saga-outline';
import { breaks, type Behaviour, refuses, suffersOutage } from './behaviours';
import type { FakeActivities } from './fake-activities';
import { failureOf, minutesOf } from './saga-kit';

/** The code of the refusals in the table. */
const REFUSED = 'refused_by_test';
/** Attempts during an outage of eleven minutes: longer than a step may be tried. */
const OUTAGE_ATTEMPTS = 140;
const outage = suffersOutage((attempt) => attempt <= OUTAGE_ATTEMPTS);

export interface SagaSteps<A> {
  readonly steps: readonly SagaStep<A>[];
  readonly remedies?: readonly SagaStep<A>[];
}

/** One line of the table. */
export interface FailingStep {
  /** For a test's title: `book_hotel is refused`. */
  readonly title: string;
  /** Lets the fakes fail so. */
  arm<A>(fakes: FakeActivities<A>): void;
  /**
   * Waits for the saga's end, and looks: whether it completed or failed at its step, whether what was begun, and
   * nothing else, was undone in reverse order, and whether the remedies followed.
   *
   * @throws AssertionError
   */
  check<A>(saga: WorkflowHandle, fakes: FakeActivities<A>): Promise<void>;
}

/**
 * The table of what can befall each step of a saga: it is refused; it fails five times, and then succeeds; it fails
 * until its time is over; it is refused while each compensation and remedy fails five times. And what an outage of
 * eleven minutes does to it, and to each compensation and remedy: nothing.
 *
 * Each activity belongs to one act of one step, and the pivot's question has to be faked with `false`.
 */
export function everyStepFails<A>({ steps, remedies = [] }: SagaSteps<A>): FailingStep[] {
  const outlines = outlineOf(steps);
  const pivot = outlines.findIndex((step) => step.pivot);
  const mayFail = pivot < 0 ? outlines : outlines.slice(0, pivot + 1);
  const undoing = outlines.flatMap(({ compensate }) => compensate ?? []);
  const remedying = outlineOf(remedies).flatMap(({ run }) => run ?? []);

  const completes = (step: StepOutline): FailingStep => ({
    title: `${step.name} fails five times`,
    arm: (fakes) => make(fakes, step.run, breaks(5)),
    async check(saga, { calls }) {
      await saga.result();
      deepStrictEqual(called(calls, [...undoing, ...remedying]), []);
    },
  });

  const waits = (step: StepOutline): FailingStep => ({
    title: `${step.name} waits for the end of an outage`,
    arm: (fakes) => make(fakes, step.run, outage),
    async check(saga, { calls }) {
      await saga.result();
      ok((await minutesOf(saga)) > 10);
      deepStrictEqual(called(calls, [...undoing, ...remedying, 'record stuck']), []);
    },
  });

  function compensates(step: StepOutline, title: string, code: string, arm: FailingStep['arm']): FailingStep {
    const begun = outlines.slice(0, outlines.indexOf(step) + 1);
    const undone = begun.flatMap(({ compensate }) => compensate ?? []).reverse();
    return {
      title: `${step.name} ${title}`,
      arm,
      async check(saga, { calls }) {
        const failure = await failureOf(saga);
        deepStrictEqual([failure.failed_step, failure.code], [step.name, code]);
        deepStrictEqual(called(calls, [...undoing, ...remedying, 'record stuck']), [...undone, ...remedying]);
        const runs = outlines.flatMap(({ run }) => run ?? []);
        deepStrictEqual(called(calls, runs), runs.slice(0, begun.length));
        deepStrictEqual((await saga.query<SagaStatus>('status')).state, 'compensated');
      },
    };
  }

  return [
    ...mayFail.map((step) =>
      compensates(step, 'is refused', REFUSED, (fakes) => make(fakes, step.run, refuses(REFUSED))),
    ),
    ...outlines.map(completes),
    ...mayFail.map((step) =>
      compensates(step, 'fails until its time is over', 'step_timed_out', (fakes) => make(fakes, step.run, breaks())),
    ),
    ...mayFail.map((step) =>
      compensates(step, 'is refused, and each compensation fails five times', REFUSED, (fakes) => {
        make(fakes, step.run, refuses(REFUSED));
        for (const name of [...undoing, ...remedying]) make(fakes, name, breaks(5));
      }),
    ),
    ...outlines.map(waits),
    ...mayFail.slice(-1).map((step) =>
      compensates(step, 'is refused, and each compensation waits for the end of an outage', REFUSED, (fakes) => {
        make(fakes, step.run, refuses(REFUSED));
        for (const name of [...undoing, ...remedying]) make(fakes, name, outage);
      }),
    ),
  ];
}

const make = <A>(fakes: FakeActivities<A>, name: string | undefined, behaviour: Behaviour): void =>
  fakes.make(name as keyof A, behaviour);

/** Those of the calls that have one of these names, each once, in the order of their first attempts. */
const called = (calls: readonly string[], names: readonly string[]): string[] => [
  ...new Set(calls.filter((call) => names.includes(call))),
];
