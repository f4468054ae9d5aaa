import type { ActivityInterfaceFor } from '@temporalio/workflow';
import { type Call, callOf, type SagaStep, type StepPhase } from './saga-step';

/** A step with the name of the activity that each of its phases calls. */
export type StepOutline = { readonly name: string; readonly external: boolean } & {
  readonly [Phase in StepPhase]?: string;
};

const PHASES = ['execute', 'fallback', 'compensate', 'confirm'] as const satisfies readonly StepPhase[];

/**
 * Finds which activities the steps call, by running each phase against a recorder that never answers. Only the first
 * call of a phase is seen, so the saga's input may be empty.
 */
export const outlineOf = <A>(steps: readonly SagaStep<A>[]): StepOutline[] =>
  steps.map((step) => ({
    name: step.name,
    external: step.external ?? false,
    ...Object.fromEntries(
      PHASES.flatMap((phase) => {
        const call = callOf(step, phase);
        return call ? [[phase, activityOf(call)]] : [];
      }),
    ),
  }));

function activityOf<A>(call: Call<A>): string {
  const called: string[] = [];
  const recorder = new Proxy({} as ActivityInterfaceFor<A>, {
    get: (_, name) => () => {
      called.push(String(name));
      return new Promise(() => undefined);
    },
  });
  void call(recorder);
  if (called[0] === undefined) throw new Error(`A step calls no activity before its first await: ${call.toString()}`);
  return called[0];
}
