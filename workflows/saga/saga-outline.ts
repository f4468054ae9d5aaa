import type { ActivityInterfaceFor } from '@temporalio/workflow';
import type { Act, Call, SagaStep } from './saga-step';

/** What a step is made of: for each of its acts the name of the activity that does it. */
export type StepOutline = { readonly name: string; readonly outside: boolean } & {
  readonly [A in Act]?: string;
};

const ACTS = ['run', 'fallback', 'compensate', 'pivot'] as const satisfies readonly Act[];

/**
 * Which activities steps ask, found by letting each act ask a recorder that never answers. So an act is seen up
 * to its first answer, and its saga's input may be empty.
 */
export const outlineOf = <A>(steps: readonly SagaStep<A>[]): StepOutline[] =>
  steps.map((step) => ({
    name: step.name,
    outside: step.outside ?? false,
    ...Object.fromEntries(ACTS.flatMap((act) => (step[act] ? [[act, askedBy(step[act])]] : []))),
  }));

function askedBy<A>(call: Call<A>): string {
  const asked: string[] = [];
  const recorder = new Proxy({} as ActivityInterfaceFor<A>, {
    get: (_, name) => () => {
      asked.push(String(name));
      return new Promise(() => undefined);
    },
  });
  void call(recorder);
  if (asked[0] === undefined) throw new Error(`A step asks no activity before its first await: ${call.toString()}`);
  return asked[0];
}
