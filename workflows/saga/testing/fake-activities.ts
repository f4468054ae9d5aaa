import type { SagaOutcomeReport, SagaRecords, StepDecisionReport } from '../../../src/temporal-contract';
import type { Behaviour } from './behaviours';

type ActivityOf<A, Name extends keyof A> = A[Name] extends (...args: infer Args) => Promise<infer Answer>
  ? { readonly args: Args; readonly answer: Answer }
  : never;

/** The result of each activity: JSON, or a function of the activity's arguments. */
export type Answers<A> = {
  readonly [Name in Exclude<keyof A, keyof SagaRecords>]:
    ActivityOf<A, Name>['answer'] | ((...args: ActivityOf<A, Name>['args']) => ActivityOf<A, Name>['answer']);
};

/** Fake activities that record their calls. */
export interface FakeActivities<A> {
  readonly activities: A;
  /** The activity's name for every attempt, in order. A record also has its state, such as `record stuck`. */
  readonly calls: readonly string[];
  /** The number of attempts of an activity. */
  attemptsOf(name: keyof A): number;
  /** The arguments of each attempt of an activity. */
  argumentsOf(name: keyof A): readonly (readonly unknown[])[];
  /** The number of attempts that still run. */
  underWay(): number;
  /** Sets an activity's behaviour, in place of an earlier behaviour. */
  make(name: keyof A, behaviour: Behaviour): void;
}

/** Creates activities that return the given results at once, until `make` lets them fail. */
export function createFakeActivities<A>(answers: Answers<A>): FakeActivities<A> {
  const calls: string[] = [];
  const argumentsByName = new Map<keyof A, unknown[][]>();
  const behaviours = new Map<keyof A, Behaviour>();
  let underWay = 0;

  const fake = (name: string, nameOf: (...args: never[]) => string, answer: unknown) => {
    return async (...args: never[]): Promise<unknown> => {
      calls.push(nameOf(...args));
      const attempts = [...(argumentsByName.get(name as keyof A) ?? []), args];
      argumentsByName.set(name as keyof A, attempts);
      underWay += 1;
      try {
        await behaviours.get(name as keyof A)?.(attempts.length);
      } finally {
        underWay -= 1;
      }
      return typeof answer === 'function' ? (answer as (...args: never[]) => unknown)(...args) : answer;
    };
  };
  const steps = Object.entries(answers).map(([name, answer]) => [name, fake(name, () => name, answer)]);
  const records = {
    recordSagaOutcome: fake('recordSagaOutcome', ({ state }: SagaOutcomeReport) => `record ${state}`, undefined),
    recordStepDecision: fake(
      'recordStepDecision',
      ({ verdict, step }: StepDecisionReport) => `record ${verdict} ${step}`,
      undefined,
    ),
  };

  return {
    activities: { ...Object.fromEntries(steps), ...records } as A,
    calls,
    attemptsOf: (name) => argumentsByName.get(name)?.length ?? 0,
    argumentsOf: (name) => argumentsByName.get(name) ?? [],
    underWay: () => underWay,
    make: (name, behaviour) => void behaviours.set(name, behaviour),
  };
}
