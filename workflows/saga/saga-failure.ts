import { ActivityFailure, ApplicationFailure, CancelledFailure, isCancellation } from '@temporalio/workflow';
import { CIRCUIT_OPEN, EVERYTHING_UNDONE, OUTAGE, SAGA_COMPENSATED, type SagaFailure } from '../../src/contract';

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
