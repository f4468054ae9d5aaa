import { ActivityFailure, ApplicationFailure, CancelledFailure, isCancellation } from '@temporalio/workflow';
import { CIRCUIT_OPEN, EVERYTHING_UNDONE, OUTAGE, SAGA_COMPENSATED, type SagaFailure } from '../../src/contract';

/**
 * Why a step failed, as callers may read it: the code and words of a business refusal, else a fixed
 * sentence, because the texts of faults are not for the public.
 */
export function failureOf(step: string, error: unknown): SagaFailure {
  if (isCancellation(error)) {
    const why = error instanceof CancelledFailure ? ` ${error.message}` : '';
    return { failed_step: step, code: 'cancelled', detail: `The saga was cancelled at its step ${step}.${why}` };
  }
  if (isCircuitOpen(error)) {
    return { failed_step: step, code: CIRCUIT_OPEN, detail: `What the step ${step} asks is out of order.` };
  }
  const refusal = refusalOf(error);
  if (refusal) return { failed_step: step, code: refusal.type, detail: refusal.message };
  return { failed_step: step, code: 'step_timed_out', detail: `The step ${step} did not succeed within 10 minutes.` };
}

/** A business refusal is final, every other failure worth another attempt. */
export const isRefusal = (error: unknown): boolean => refusalOf(error) !== undefined;

/** The activity has asked nobody, and will not ask: a fallback may be done instead. A fault, no refusal. */
export const isCircuitOpen = (error: unknown): boolean => finalFailureOf(error)?.type === CIRCUIT_OPEN;

/** What the activity needs is away, and says nothing about what was asked: it is waited for, and counts for nothing. */
export const isOutage = (error: unknown): boolean => outageOf(error) !== undefined;

/** Attempts of the activity that failed otherwise before the outage did, as far as it tells. */
export function attemptsBeforeOutage(error: unknown): number {
  const [told] = (outageOf(error)?.details ?? []) as { readonly attempt?: number }[];
  return Math.max((told?.attempt ?? 1) - 1, 0);
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

/** How a saga's workflow fails once everything is undone: expected, so not an alarm of its own. */
export const sagaCompensated = (failure: SagaFailure): ApplicationFailure =>
  ApplicationFailure.create({
    type: SAGA_COMPENSATED,
    message: `${failure.failed_step}: ${failure.detail} ${EVERYTHING_UNDONE}`,
    nonRetryable: true,
    details: [failure],
    category: 'BENIGN',
  });

/** The innermost message of a failure, for operators. */
export function describe(error: unknown): string {
  let message = String(error);
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) message = cause.message;
  return message;
}
