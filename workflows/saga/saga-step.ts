import type { ActivityInterfaceFor } from '@temporalio/workflow';

/** Calls exactly one of the given activities and returns its result. */
export type Call<A> = (activities: ActivityInterfaceFor<A>) => Promise<unknown>;

/** A step of a saga with the activities `A`, as data. */
export interface SagaStep<A> {
  /** Unique within the saga. Histories and operators use the name: never change it while sagas run. */
  readonly name: string;
  readonly execute: Call<A>;
  /**
   * Replaces `execute` after it failed with the type `circuit_open`, by which its activity promises that it sent no
   * request and never will. It has the remaining time and the same compensation.
   */
  readonly fallback?: Call<A>;
  /** Undoes the step, even if it never happened, and makes a late attempt of it fail. */
  readonly compensate?: Call<A>;
  /**
   * Marks the pivot. After the pivot the saga only goes forward. When the pivot fails, `confirm` returns whether it
   * happened all the same. After `false` it never will, because `confirm` makes a late attempt fail.
   */
  readonly pivot?: { readonly confirm: Call<A> };
  /**
   * The step calls a service outside the database. Its first attempt is a regular activity, because a slow local
   * activity would hold up the workflow task.
   */
  readonly external?: true;
}

/** What a step's activity is called for. Each phase of a step has an activity id, made from the step's name. */
export type StepPhase = 'execute' | 'fallback' | 'compensate' | 'confirm';

/** The call of a phase; `undefined` for a step without this phase. */
export const callOf = <A>(step: SagaStep<A>, phase: StepPhase): Call<A> | undefined =>
  phase === 'confirm' ? step.pivot?.confirm : step[phase];
