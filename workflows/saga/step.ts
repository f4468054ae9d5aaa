import {
  ActivityFailure,
  type ActivityInterfaceFor,
  ApplicationFailure,
  CancelledFailure,
  isCancellation,
} from '@temporalio/workflow';
import {
  CIRCUIT_OPEN,
  EVERYTHING_UNDONE,
  OUTAGE,
  SAGA_COMPENSATED,
  type SagaFailure,
} from '../../src/temporal-contract';

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

/**
 * Describes for callers why a step failed. A business refusal keeps its code and text. Every other error gets a fixed
 * sentence, because its text may be internal.
 */
export function failureOf(step: string, error: unknown): SagaFailure {
  if (isCancellation(error)) {
    const why = error instanceof CancelledFailure ? ` ${error.message}` : '';
    return { failed_step: step, code: 'cancelled', detail: `The saga was cancelled at its step ${step}.${why}` };
  }
  if (isCircuitOpen(error)) {
    return {
      failed_step: step,
      code: CIRCUIT_OPEN,
      detail: `The service that the step ${step} calls is out of order.`,
    };
  }
  const refusal = refusalOf(error);
  if (refusal) return { failed_step: step, code: refusal.type, detail: refusal.message };
  return { failed_step: step, code: 'step_timed_out', detail: `The step ${step} did not succeed within 10 minutes.` };
}

/** Whether the failure is a business refusal, which is final. Every other failure is retried. */
export const isRefusal = (error: unknown): boolean => refusalOf(error) !== undefined;

/** Whether the activity sent no request and never will, so that the fallback may run. This is not a refusal. */
export const isCircuitOpen = (error: unknown): boolean => finalFailureOf(error)?.type === CIRCUIT_OPEN;

/** Whether the failure is an outage, which the saga waits out and does not count. */
export const isOutage = (error: unknown): boolean => outageOf(error) !== undefined;

/** The number of the activity's attempts that failed before the outage, as far as the failure reports it. */
export function attemptsBeforeOutage(error: unknown): number {
  const [detail] = (outageOf(error)?.details ?? []) as { readonly attempt?: number }[];
  return Math.max((detail?.attempt ?? 1) - 1, 0);
}

function outageOf(error: unknown): ApplicationFailure | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof ApplicationFailure && cause.type === OUTAGE ? cause : undefined;
}

function refusalOf(error: unknown): { type: string; message: string } | undefined {
  const final = finalFailureOf(error);
  return final?.type === CIRCUIT_OPEN || final?.type === OUTAGE ? undefined : final;
}

function finalFailureOf(error: unknown): { type: string; message: string } | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (!(cause instanceof ApplicationFailure) || !cause.nonRetryable || !cause.type) return undefined;
  return { type: cause.type, message: cause.message };
}

/** The failure of a compensated saga's workflow. It is benign, because it is expected. */
export const sagaCompensated = (failure: SagaFailure): ApplicationFailure =>
  ApplicationFailure.create({
    type: SAGA_COMPENSATED,
    message: `${failure.failed_step}: ${failure.detail} ${EVERYTHING_UNDONE}`,
    nonRetryable: true,
    details: [failure],
    category: 'BENIGN',
  });

/** Returns the innermost message of a failure, for operators. */
export function describe(error: unknown): string {
  let message = String(error);
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) message = cause.message;
  return message;
}

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
