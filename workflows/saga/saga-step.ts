import type { ActivityInterfaceFor } from '@temporalio/workflow';

/** Asks the activities for something: one call of one of them, whose answer is the call's. */
export type Call<A> = (activities: ActivityInterfaceFor<A>) => Promise<unknown>;

/** A step of a saga with the activities `A`, as data. */
export interface SagaStep<A> {
  /** Unique in its saga. It is in histories and in what operators say: never rename it while sagas run. */
  readonly name: string;
  readonly run: Call<A>;
  /**
   * Done instead of `run` once that failed as `circuit_open`: its activity promises that it has asked nobody,
   * and never will. From then on only this is tried, in the same time and with the same compensation.
   */
  readonly fallback?: Call<A>;
  /** Undoes the step, also one that never happened, and bars a late attempt of it. */
  readonly compensate?: Call<A>;
  /**
   * Marks the pivot, behind which the saga only goes forward. Asked when it failed: `true` when it
   * happened all the same; if not, it never will, because asking bars a late attempt.
   */
  readonly pivot?: Call<A>;
  /**
   * It calls something outside the database. So the server has its first attempt, too: as a local activity, a slow
   * answer would hold up the saga's workflow task.
   */
  readonly outside?: true;
}

/** What of a step is being done. The activity's id is the step's name behind it. */
export type Act = 'run' | 'fallback' | 'compensate' | 'pivot';
