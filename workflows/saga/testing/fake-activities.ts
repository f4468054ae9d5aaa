import type { SagaOutcomeReport, SagaRecords, StepDecisionReport } from '../../../src/contract';
import type { Behaviour } from './behaviours';

type ActivityOf<A, Name extends keyof A> = A[Name] extends (...args: infer Args) => Promise<infer Answer>
  ? { readonly args: Args; readonly answer: Answer }
  : never;

/** What each activity answers: JSON, or a function that makes it of what it was asked. */
export type Answers<A> = {
  readonly [Name in Exclude<keyof A, keyof SagaRecords>]:
    ActivityOf<A, Name>['answer'] | ((...args: ActivityOf<A, Name>['args']) => ActivityOf<A, Name>['answer']);
};

export interface FakeActivities<A> {
  readonly activities: A;
  /** Every attempt, in order, by the activity's name; of the records with what they told: `record stuck`. */
  readonly calls: readonly string[];
  attemptsOf(name: keyof A): number;
  /** What it was asked, attempt by attempt. */
  argumentsOf(name: keyof A): readonly (readonly unknown[])[];
  /** Attempts that have not ended. */
  underWay(): number;
  /** Lets the activity fail. The last word counts. */
  make(name: keyof A, behaviour: Behaviour): void;
}

/** A saga's activities without anything behind them: they answer at once, unless made to fail. */
export function createFakeActivities<A>(answers: Answers<A>): FakeActivities<A> {
  const calls: string[] = [];
  const asked = new Map<keyof A, unknown[][]>();
  const behaviours = new Map<keyof A, Behaviour>();
  let underWay = 0;

  const fake = (name: string, told: (...args: never[]) => string, answer: unknown) => {
    return async (...args: never[]): Promise<unknown> => {
      calls.push(told(...args));
      const attempts = [...(asked.get(name as keyof A) ?? []), args];
      asked.set(name as keyof A, attempts);
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
    attemptsOf: (name) => asked.get(name)?.length ?? 0,
    argumentsOf: (name) => asked.get(name) ?? [],
    underWay: () => underWay,
    make: (name, behaviour) => void behaviours.set(name, behaviour),
  };
}
